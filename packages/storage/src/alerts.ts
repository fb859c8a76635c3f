import { encodeLogId, equalBytes, type LogId, type SignedBatch } from '@pastel-mesh/protocol'
import type { Database, Operation } from './database.ts'
import { ALERTS, alertKey, readNumber, writeNumber } from './keys.ts'
import { Listeners } from './listeners.ts'
import { SENDER_BYTES } from './log-state.ts'

/** What a sender's batches show that its operator, and this node's, should know. */
export type AlertKind =
  /** It contradicted itself: the log is frozen, and the batches that show it are kept. */
  | 'frozen'
  /** Its runs branch: it was restored from an older copy, or runs twice. */
  | 'fork'
  /** The sender is this node, and this node did not write it: it was restored, or a copy of it runs. */
  | 'own-identity'
  /** This node itself: it had what it does not have any more, as its own receipts show: it was restored. */
  | 'restored'
  /** A recipient has no more what it had: it was restored, and gets again what is still here. */
  | 'recipient-restored'

export interface Alert {
  readonly kind: AlertKind
  readonly log: LogId
  /** 57-byte public key. */
  readonly sender: Uint8Array
  readonly channel: string
  readonly atMs: number
  readonly reason: string
}

/** The log that shows something. */
export type AlertAbout = Pick<SignedBatch, 'log' | 'logBytes'> & {
  readonly batch: Pick<SignedBatch['batch'], 'sender' | 'channel'>
}

const KINDS: readonly AlertKind[] = ['frozen', 'fork', 'own-identity', 'restored', 'recipient-restored']

/** Alerts that are kept, one a log; further ones are only told. One sender must not use up the room of the others. */
const MAX_ALERTS = 1024
const MAX_SENDER_ALERTS = 32

/** Logs remembered of those that were told of and are not kept. */
const MAX_TOLD = 4096

/** Batches that are kept to prove contradictions, of one sender and of all; of further ones only the alert is. */
const MAX_EVIDENCE_BYTES = 32 * 1024 * 1024
const MAX_SENDER_EVIDENCE_BYTES = 2 * 1024 * 1024

/** The two batches that contradict each other, as they were signed. */
export type Evidence = readonly Uint8Array[]

interface Kept {
  readonly alert: Alert
  readonly evidenceBytes: number
}

/** What was noticed, one thing a log, on disk and in memory. */
export class Alerts {
  readonly raised = new Listeners<Alert>()
  readonly #database: Database
  #kept = new Map<LogId, Kept>()
  /** Logs that there was no room for. */
  readonly #told = new Set<LogId>()

  constructor(components: { database: Database }) {
    this.#database = components.database
  }

  /** Reads from the disk what was noticed. */
  async load(): Promise<void> {
    this.#kept = new Map()
    for await (const [key, value] of this.#database.iterate(ALERTS)) {
      const { alert, evidence } = decode(encodeLogId(key.subarray(1)), value)
      this.#kept.set(alert.log, { alert, evidenceBytes: sizeOf(evidence) })
    }
  }

  /** From the newest to the oldest. */
  list(): Alert[] {
    return [...this.#kept.values()].map(({ alert }) => alert).sort((a, b) => b.atMs - a.atMs)
  }

  /** The batches that prove a contradiction; empty if none are kept. */
  async evidence(log: Uint8Array): Promise<Evidence> {
    const value = await this.#database.get(alertKey(log))
    return value === undefined ? [] : decode(encodeLogId(log), value).evidence
  }

  /**
   * Notes something about a batch's log, unless that is known. A log that is frozen is frozen whatever was
   * noted before.
   */
  note(kind: AlertKind, signed: AlertAbout, reason: string, evidence: Evidence = []): Noted {
    const { batch, log, logBytes } = signed
    const before = this.#kept.get(log)?.alert
    if (before !== undefined && (before.kind === 'frozen' || kind !== 'frozen')) return NOTHING
    const { channel } = batch
    const alert = { kind, log, sender: new Uint8Array(batch.sender), channel, atMs: Date.now(), reason }
    const tell = () => this.raised.call(alert)
    const room = this.#roomFor(alert.sender)
    if (before === undefined && room.alerts <= 0)
      return { operations: [], tell: this.#isFirst(log) ? tell : () => {} }
    const kept = sizeOf(evidence) <= room.evidenceBytes ? evidence : []
    this.#kept.set(log, { alert, evidenceBytes: sizeOf(kept) })
    return { operations: [{ type: 'put', key: alertKey(logBytes), value: encode(alert, kept) }], tell }
  }

  /** Of what is not kept, each log is told of once. */
  #isFirst(log: LogId): boolean {
    if (this.#told.has(log)) return false
    if (this.#told.size >= MAX_TOLD) this.#told.clear()
    this.#told.add(log)
    return true
  }

  #roomFor(sender: Uint8Array): { alerts: number; evidenceBytes: number } {
    const all = [...this.#kept.values()]
    const own = all.filter(({ alert }) => equalBytes(alert.sender, sender))
    const bytes = (kept: Kept[]) => kept.reduce((sum, { evidenceBytes }) => sum + evidenceBytes, 0)
    return {
      alerts: Math.min(MAX_ALERTS - all.length, MAX_SENDER_ALERTS - own.length),
      evidenceBytes: Math.min(MAX_EVIDENCE_BYTES - bytes(all), MAX_SENDER_EVIDENCE_BYTES - bytes(own)),
    }
  }
}

/** What noting writes, and how to tell of it when it is on disk. */
export interface Noted {
  readonly operations: readonly Operation[]
  readonly tell: () => void
}

const NOTHING: Noted = { operations: [], tell: () => {} }

function sizeOf(evidence: Evidence): number {
  return evidence.reduce((sum, { length }) => sum + length, 0)
}

function encode({ kind, sender, channel, atMs, reason }: Alert, evidence: Evidence): Buffer {
  const fixed = Buffer.allocUnsafe(1 + 8 + 2)
  fixed[0] = KINDS.indexOf(kind)
  writeNumber(fixed, atMs, 1)
  fixed[9] = Buffer.byteLength(channel)
  fixed[10] = Buffer.byteLength(reason)
  const batches = evidence.flatMap((envelope) => {
    const length = Buffer.allocUnsafe(4)
    length.writeUInt32BE(envelope.length)
    return [length, envelope]
  })
  return Buffer.concat([fixed, sender, Buffer.from(channel), Buffer.from(reason), ...batches])
}

function decode(log: LogId, value: Buffer): { alert: Alert; evidence: Evidence } {
  const channelAt = 11 + SENDER_BYTES
  const reasonAt = channelAt + (value[9] as number)
  const evidenceAt = reasonAt + (value[10] as number)
  const alert = {
    kind: KINDS[value[0] as number] as AlertKind,
    log,
    sender: Uint8Array.from(value.subarray(11, channelAt)),
    channel: value.toString('utf8', channelAt, reasonAt),
    atMs: readNumber(value, 1),
    reason: value.toString('utf8', reasonAt, evidenceAt),
  }
  const evidence: Uint8Array[] = []
  for (let at = evidenceAt; at < value.length; ) {
    const end = at + 4 + value.readUInt32BE(at)
    evidence.push(value.subarray(at + 4, end))
    at = end
  }
  return { alert, evidence }
}
