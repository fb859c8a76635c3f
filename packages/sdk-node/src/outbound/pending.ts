import type { MessageId, toWireMessage } from '@pastel-mesh/protocol'

/** A message of this node that is on disk. */
export interface Accepted {
  readonly id: MessageId
  /** Its position in this node's arrival order. */
  readonly arrival: number
}

/** Messages that were accepted together and are acknowledged together. */
export interface PendingGroup {
  readonly results: Accepted[]
  left: number
  resolve(results: Accepted[]): void
  reject(error: unknown): void
}

/** A message that waits for its batch. */
export interface Pending {
  readonly wire: ReturnType<typeof toWireMessage>
  /** Upper bound of what it takes in a payload. */
  readonly sizeBytes: number
  /** 0: never. */
  readonly expiresAtMs: number
  readonly group: PendingGroup
  readonly index: number
}
