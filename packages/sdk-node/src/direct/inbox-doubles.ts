import type { PastelId } from '@pastel-mesh/identity'
import {
  type LogId,
  type MessageContent,
  messageId,
  parseMessageId,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch, ValueChange } from '@pastel-mesh/storage'
import { pastelIdOf } from '../pastel-id-of.ts'
import { Repeats } from './repeats.ts'

export interface InboxDoublesComponents {
  readonly store: MessageStore
  /** Name of this node's inbox channel. */
  readonly inbox: string
}

/** Logs of one sender that are remembered: one a run in which something had to be sent again. */
const MAX_LOGS_OF_SENDER = 64

/**
 * Messages to this node's inbox that its readers are not shown, because they have the same one already. A message that
 * could not be opened is sent again, and both can be readable where this node was restored, moved, or its sender was.
 * For each that is repeated it is remembered which one is shown: the first that could be read. Of each sender by
 * itself, so that nobody's message takes the place of somebody else's.
 */
export class InboxDoubles {
  readonly #components: InboxDoublesComponents
  readonly #shown: Repeats

  constructor(components: InboxDoublesComponents) {
    this.#components = components
    this.#shown = new Repeats(
      { prefix: 'shown/', maxLogsOfOwner: MAX_LOGS_OF_SENDER },
      { values: components.store.values },
    )
  }

  /** Reads what was kept. @throws StorageError */
  start(): Promise<void> {
    return this.#shown.start()
  }

  /**
   * What is to be written with a batch that can be read, because it repeats others: before it is stored.
   * @throws StorageError
   */
  async noted(signed: SignedBatch, messages: readonly MessageContent[]): Promise<ValueChange[]> {
    const changes = new Map<string, ValueChange>()
    const sender = pastelIdOf(signed.batch.sender)
    for (const [index, { repeats }] of messages.entries()) {
      if (repeats === undefined) continue
      const { log, position } = parseMessageId(repeats)
      const name = nameOf(sender, log)
      if (this.#shown.of(name, position) !== undefined) continue
      const id = (await this.#isReadable(repeats, sender))
        ? messageId(log, position)
        : messageId(signed.log, signed.batch.first + index)
      const { expiresAtMs } = signed.batch
      for (const change of this.#shown.add(name, position, { id, tries: 1 }, expiresAtMs)) {
        changes.set(change.name, change)
      }
    }
    return [...changes.values()]
  }

  /** Whether readers are not shown a message of this node's inbox. */
  isDouble({ signed }: StoredBatch, index: number, { repeats }: MessageContent): boolean {
    if (this.#shown.isEmpty || signed.batch.channel !== this.#components.inbox) return false
    const position = signed.batch.first + index
    const first = repeats === undefined ? { log: signed.log, position } : parseMessageId(repeats)
    const shown = this.#shown.of(nameOf(pastelIdOf(signed.batch.sender), first.log), first.position)
    return shown !== undefined && shown.id !== messageId(signed.log, position)
  }

  /** Lets go of what nobody is shown any more, whichever it is: it has expired. */
  sweep(nowMs = Date.now()): Promise<void> {
    return this.#shown.sweep((_, expiresAtMs) => expiresAtMs > nowMs)
  }

  /** Whether the first of them is stored, and was opened. */
  async #isReadable(id: string, sender: PastelId): Promise<boolean> {
    const found = await this.#components.store.findMessage(id)
    if (found === undefined) return false
    const { signed, isReadable } = found.stored
    return (
      isReadable &&
      signed.batch.channel === this.#components.inbox &&
      pastelIdOf(signed.batch.sender) === sender
    )
  }
}

function nameOf(sender: PastelId, log: LogId): string {
  return `${sender}/${log}`
}
