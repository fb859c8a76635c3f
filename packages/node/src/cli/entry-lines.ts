import type { EntryOutput, MessageOutput } from '@pastel-mesh/sdk-server'
import { describeNotice } from './describe-notice.ts'
import { printable } from './output.ts'
import { cut } from './terminal/columns.ts'
import { describeCount } from './terminal/figures.ts'
import { paint } from './terminal/paint.ts'
import { screenWidth, shownId } from './terminal/screen.ts'

/** Columns grow no further for one long name. */
const MAX_COLUMN = 32
/** As much of a body as is shown however narrow the terminal is. */
const MIN_BODY = 16

/** Messages as lines: time, topic, sender, type and body, as aligned as what is known of them allows. */
export class EntryLines {
  readonly #withIds: boolean
  #idWidth = 0
  #topicWidth = 0
  #typeWidth = 0

  /** @param withIds whether each begins with the message's id, all of it: it is there to be copied */
  constructor({ withIds = false }: { readonly withIds?: boolean } = {}) {
    this.#withIds = withIds
  }

  /** Makes room for an entry; a line of it does so, too, for those that come after it. */
  measure(entry: EntryOutput): void {
    if ('kind' in entry) return
    this.#idWidth = Math.max(this.#idWidth, entry.id.length)
    this.#topicWidth = widest(this.#topicWidth, topicOf(entry))
    this.#typeWidth = widest(this.#typeWidth, printable(entry.type))
  }

  line(entry: EntryOutput): string {
    if ('kind' in entry) return paint('caution', cut(describeNotice(entry), screenWidth() ?? Infinity))
    this.measure(entry)
    const id = this.#withIds ? `${entry.id.padEnd(this.#idWidth)}  ` : ''
    // Before the time, where nothing that others wrote can stand.
    const marked = marks(entry)
    const time = new Date(entry.createdAtMs).toISOString()
    const topic = topicOf(entry).padEnd(this.#topicWidth)
    const sender = shownId(entry.sender)
    const type = printable(entry.type).padEnd(this.#typeWidth)
    const before = [id + marked + time, topic, sender, type].join('  ').length + 2
    const body = printable(bodyOf(entry))
    const width = screenWidth()
    return [
      id + paint('caution', marked) + paint('quiet', time),
      paint('name', topic),
      sender,
      type,
      width === undefined ? body : cut(body, Math.max(MIN_BODY, width - before)),
    ].join('  ')
  }
}

/** What is to be known of a message before it is read. */
function marks({ isLate, expiresAtMs, via }: MessageOutput): string {
  const isExpired = expiresAtMs !== undefined && expiresAtMs <= Date.now()
  return `${isLate === true ? 'late  ' : ''}${isExpired ? 'expired  ' : ''}${via === undefined ? '' : `${via}  `}`
}

function widest(width: number, text: string): number {
  return Math.min(MAX_COLUMN, Math.max(width, text.length))
}

/** The topic; of a direct message, whether it came or to whom it went. */
function topicOf({ topic, direct, recipient }: MessageOutput): string {
  if (topic !== undefined) return topic
  return direct === 'sent' && recipient !== undefined ? `to ${shownId(recipient)}` : 'inbox'
}

/** What is shown of a body: its text, or how long it is. */
export function bodyOf(message: MessageOutput): string {
  if ('text' in message) return message.text
  if ('json' in message) return JSON.stringify(message.json)
  const size = Buffer.byteLength(message.base64, 'base64')
  return `${describeCount(size)} ${size === 1 ? 'byte' : 'bytes'}`
}
