import type { PastelId } from '@pastel-mesh/identity'
import type { LogId, LogRange } from '@pastel-mesh/protocol'
import type { Values } from '@pastel-mesh/storage'

/** Names of the values that hold what was left where begin so. */
const PREFIX = 'left/'
/** Mailboxes of one log, and pieces of it at one: above it some are forgotten, and it is left once more. */
const MAX_MAILBOXES = 16
const MAX_PIECES = 64
/** Logs that are remembered. */
const MAX_LOGS = 4_096

type Piece = [first: number, last: number]

/** What this node has left with which mailboxes, by log: how many hold a message is what its sender asks. */
export class LeftRanges {
  readonly #values: Values
  readonly #logs = new Map<LogId, Map<PastelId, Piece[]>>()

  constructor({ values }: { readonly values: Values }) {
    this.#values = values
  }

  /** Reads what was kept. @throws StorageError */
  async start(): Promise<void> {
    this.#logs.clear()
    for await (const [name, value] of this.#values.read(PREFIX)) {
      const log = parse(value)
      if (log !== undefined) this.#logs.set(name.slice(PREFIX.length) as LogId, log)
    }
  }

  /** The mailboxes that hold all of a range. */
  holders({ log, first, last }: LogRange): PastelId[] {
    return [...(this.#logs.get(log) ?? [])]
      .filter(([, pieces]) => pieces.some(([from, to]) => from <= first && last <= to))
      .map(([mailbox]) => mailbox)
  }

  /** The mailboxes that hold something of a range. */
  holdersOfSome({ log, first, last }: LogRange): PastelId[] {
    return [...(this.#logs.get(log) ?? [])]
      .filter(([, pieces]) => pieces.some(([from, to]) => from <= last && first <= to))
      .map(([mailbox]) => mailbox)
  }

  /** What a mailbox holds. */
  rangesAt(mailbox: PastelId): LogRange[] {
    return [...this.#logs].flatMap(([log, mailboxes]) =>
      (mailboxes.get(mailbox) ?? []).map(([first, last]) => ({ log, first, last })),
    )
  }

  /** A mailbox has given receipts for some ranges. */
  async add(mailbox: PastelId, ranges: readonly LogRange[]): Promise<void> {
    for (const { log, first, last } of ranges) {
      const mailboxes = this.#logs.get(log) ?? new Map<PastelId, Piece[]>()
      mailboxes.set(mailbox, merged(mailboxes.get(mailbox) ?? [], [first, last]).slice(-MAX_PIECES))
      if (mailboxes.size > MAX_MAILBOXES) mailboxes.delete(mailboxes.keys().next().value as PastelId)
      this.#logs.set(log, mailboxes)
    }
    const changes = [...new Set(ranges.map(({ log }) => log))].map((log) => ({
      name: PREFIX + log,
      value: Buffer.from(JSON.stringify([...(this.#logs.get(log) ?? [])])),
    }))
    await this.#values.write([...changes, ...this.#makeRoom()])
  }

  /** Nothing of a log is stored any more. */
  async forget(log: LogId): Promise<void> {
    if (this.#logs.delete(log)) await this.#values.write([{ name: PREFIX + log }])
  }

  /** The logs of which something was left. */
  logs(): LogId[] {
    return [...this.#logs.keys()]
  }

  #makeRoom(): { name: string }[] {
    const gone: { name: string }[] = []
    while (this.#logs.size > MAX_LOGS) {
      const log = this.#logs.keys().next().value as LogId
      this.#logs.delete(log)
      gone.push({ name: PREFIX + log })
    }
    return gone
  }
}

/** Pieces in order, those that touch made one. */
function merged(pieces: readonly Piece[], piece: Piece): Piece[] {
  const sorted = [...pieces, piece].sort(([a], [b]) => a - b)
  const result: Piece[] = []
  for (const [first, last] of sorted) {
    const before = result.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else result.push([first, last])
  }
  return result
}

/** A value that is damaged says nothing: then more is left than need be. */
function parse(value: Buffer): Map<PastelId, Piece[]> | undefined {
  try {
    return new Map(JSON.parse(value.toString()) as [PastelId, Piece[]][])
  } catch {
    return undefined
  }
}
