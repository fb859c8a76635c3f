import { isSecretName } from '@pastel-mesh/identity'
import type { MessageStore } from '@pastel-mesh/storage'
import { z } from 'zod'
import type { Session } from './session.ts'
import { StoredRecords } from './stored-records.ts'

/** Two kilobytes each at most: an eighth of what the store's values may be. The oldest go. */
const MAX_ENTRIES = 4_096
/** What was asked for in a few words; whole lists of jobs are not for here. */
const MAX_INPUT_LENGTH = 1_000
/** The same that fails again within that time is one entry: who fails on purpose flushes out nothing. */
const SAME_MS = 24 * 60 * 60_000
/** Whose `data` is of applications: nothing of it but how much it was. */
const OF_APPLICATIONS = /^admin\.(jobs|schedules)\./
const MAX_LEVELS = 8
const MAX_ITEMS = 100
/** Each is a character at least, save those that are undefined. */
const MAX_VALUES = 10_000
const NUMBER_DIGITS = 12

/** A change that somebody asked for. */
export interface AuditEntry {
  readonly atMs: number
  readonly kind: Session['kind']
  readonly subject: string
  readonly session?: string | undefined
  readonly procedure: string
  /** As JSON, shortened, what is secret left out. */
  readonly input?: string | undefined
  /** `ok`, or the code of what was wrong. */
  readonly result: string
  /** How often it failed, if more than once within a day: the input and the result are of the last time. */
  readonly count?: number | undefined
  /** When it failed the last time, then. */
  readonly lastAtMs?: number | undefined
}

const record = z.object({
  atMs: z.number(),
  kind: z.enum(['socket', 'pastelid', 'wallet', 'key']),
  subject: z.string(),
  session: z.string().optional(),
  procedure: z.string(),
  input: z.string().optional(),
  result: z.string(),
  count: z.number().optional(),
  lastAtMs: z.number().optional(),
}) satisfies z.ZodType<AuditEntry>

/** With its number: later ones have higher ones. */
export type NumberedAuditEntry = AuditEntry & { readonly number: number }

/** What was changed by the API, and by whom: in the store's values. */
export class AuditLog {
  readonly #records: StoredRecords<typeof record>
  /** Those that are kept, from number to number. */
  #first = 1
  #next = 1
  /** The last entries that failed, by subject and procedure: both are few. */
  readonly #failed = new Map<string, NumberedAuditEntry>()

  constructor(store: MessageStore) {
    this.#records = new StoredRecords('audit/', record, store)
  }

  async start(): Promise<void> {
    const numbers = [...(await this.#records.read()).keys()].map(Number)
    if (numbers.length === 0) return
    this.#first = numbers[0] ?? 1
    this.#next = Math.max(this.#next, (numbers.at(-1) ?? 0) + 1)
  }

  /** @throws StorageError */
  async add(entry: AuditEntry): Promise<void> {
    if (entry.result === 'ok') return this.#add(entry)
    const what = `${entry.kind} ${entry.subject} ${entry.procedure}`
    const before = this.#failed.get(what)
    if (before === undefined || before.number < this.#first || entry.atMs - before.atMs >= SAME_MS) {
      this.#failed.set(what, { number: this.#next, ...entry })
      return this.#add(entry)
    }
    const { number, atMs, count = 1 } = before
    const again = { ...entry, atMs, count: count + 1, lastAtMs: entry.atMs }
    this.#failed.set(what, { number, ...again })
    await this.#records.write(new Map([[nameOf(number), again]]))
  }

  async #add(entry: AuditEntry): Promise<void> {
    const changes = new Map<string, AuditEntry | undefined>([[nameOf(this.#next), entry]])
    this.#next += 1
    for (; this.#next - this.#first > MAX_ENTRIES; this.#first += 1)
      changes.set(nameOf(this.#first), undefined)
    await this.#records.write(changes)
  }

  /** The newest first. @param before only those with lower numbers */
  async list(limit: number, before = Number.POSITIVE_INFINITY): Promise<NumberedAuditEntry[]> {
    const entries = [...(await this.#records.read())].map(([name, entry]) => ({
      number: Number(name),
      ...entry,
    }))
    return entries
      .filter(({ number }) => number < before)
      .reverse()
      .slice(0, limit)
  }
}

function nameOf(number: number): string {
  return String(number).padStart(NUMBER_DIGITS, '0')
}

/** An input as the audit log keeps it. */
export function describeInput(procedure: string, input: unknown): string | undefined {
  if (input === undefined) return undefined
  const told = OF_APPLICATIONS.test(procedure) ? withoutData(input) : input
  const text = JSON.stringify(withoutSecrets(told, MAX_LEVELS, { left: MAX_VALUES })) ?? ''
  return text.length > MAX_INPUT_LENGTH ? `${text.slice(0, MAX_INPUT_LENGTH)}…` : text
}

function withoutData(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('data' in input)) return input
  const { data, ...rest } = input
  return { ...rest, data: `(${sizeOf(data)} bytes)` }
}

function sizeOf(data: unknown): number {
  const text = JSON.stringify(data, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  return Buffer.byteLength(text ?? '')
}

function withoutSecrets(value: unknown, levels: number, values: { left: number }): unknown {
  values.left -= 1
  if (typeof value === 'bigint') return String(value)
  // What is cut off at the end anyway need not be written first.
  if (typeof value === 'string') return value.slice(0, MAX_INPUT_LENGTH)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (levels === 0 || values.left < 0) return '…'
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ITEMS).map((item) => withoutSecrets(item, levels - 1, values))
  }
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([name, item]) => [
        name,
        isSecretName(name) ? '(secret)' : withoutSecrets(item, levels - 1, values),
      ]),
  )
}
