import type { PastelId } from '@pastel-mesh/identity'
import type { MessageId, toWireMessage } from '@pastel-mesh/protocol'
import type { ValueChange } from '@pastel-mesh/storage'

/** A message of this node that is on disk. */
export interface Accepted {
  readonly id: MessageId
  /** Its position in this node's arrival order; -1 of one that was sent before, `once`, and that retention has removed. */
  readonly arrival: number
}

/** A message that was checked and can be sent. */
export interface PreparedMessage {
  readonly wire: ReturnType<typeof toWireMessage>
  /** Upper bound of what it takes in a payload. */
  readonly sizeBytes: number
  /** 0: never. */
  readonly expiresAtMs: number
  /** As which it is counted; only what is counted alike shares a batch. @default its sender and its channel */
  readonly countAs?: { readonly sender: PastelId; readonly channel: string }
  /** What is written in the same commit, when the message has its id. */
  readonly noted?: (id: MessageId) => readonly ValueChange[]
}

/** A message that waits for its batch. */
export interface Pending extends PreparedMessage {
  readonly group: PendingGroup
  readonly index: number
}

/** Groups of which none is stored after one was refused. */
export class Sequence {
  #broken: { readonly error: unknown } | undefined

  get isBroken(): boolean {
    return this.#broken !== undefined
  }

  /** Why it is broken. */
  get error(): unknown {
    return this.#broken?.error
  }

  break(error: unknown): void {
    this.#broken ??= { error }
  }
}

/** Messages that were accepted together and are acknowledged together. */
export class PendingGroup {
  readonly #results: Accepted[]
  readonly #sequence: Sequence
  readonly #onStored: ((accepted: Accepted) => void) | undefined
  readonly #outcome = Promise.withResolvers<Accepted[]>()
  #left: number

  /** @param onStored told of each message of it that is on disk, also if another is refused */
  constructor(size: number, sequence: Sequence, onStored?: (accepted: Accepted) => void) {
    this.#results = new Array(size)
    this.#sequence = sequence
    this.#onStored = onStored
    this.#left = size
  }

  /** What became of it: all on disk, or refused. */
  get outcome(): Promise<Accepted[]> {
    return this.#outcome.promise
  }

  acknowledge(index: number, accepted: Accepted): void {
    this.#results[index] = accepted
    this.#onStored?.(accepted)
    this.#left -= 1
    if (this.#left === 0) this.#outcome.resolve(this.#results)
  }

  /** What of it, and of its sequence, is not in a batch yet will not be. */
  refuse(error: unknown): void {
    this.#sequence.break(error)
    this.#outcome.reject(error)
  }

  /** Refuses it if something before it was refused. @returns whether it is refused */
  isVoid(): boolean {
    if (this.#sequence.isBroken) this.#outcome.reject(this.#sequence.error)
    return this.#sequence.isBroken
  }
}
