import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, topicChannel } from '@pastel-mesh/protocol'
import { gapProblems, orderProblems } from './audit-order.ts'
import { auditShown, type ShownAudit } from './audit-shown.ts'
import { type AcceptedRecord, keyOf, nameOf, type ShownRecord } from './records.ts'
import type { StoreContent, StoredMessage } from './store-content.ts'

/** What is known of a member when its process has ended. */
export interface AuditedMember {
  readonly pastelId: PastelId
  readonly topics: readonly string[]
  readonly accepted: readonly AcceptedRecord[]
  readonly shown: readonly ShownRecord[]
  readonly store: StoreContent
  /** Its data folder was replaced by a copy: what it accepted in between may be nowhere. In ms since 1970. */
  readonly restored?: { readonly copiedAtMs: number; readonly restoredAtMs: number }
  readonly keepsLittle: boolean
  /** Ids of direct messages of which it does not know what became of them. */
  readonly undelivered: readonly string[]
}

export interface Audit {
  /** Messages that members acknowledged. */
  readonly accepted: number
  /** Of the pairs of an acknowledged message and one who reads its channel, those where it is there, or was shown. */
  readonly delivered: number
  readonly lostExplained: number
  /** The same by what explains it. */
  readonly explanations: Readonly<Record<string, number>>
  readonly lostUnexplained: number
  readonly doubles: number
  /** What had waited for its recipient's certificate in the copy that its sender was restored from: sent once more. */
  readonly sentAgain: number
  readonly disorder: number
  /** Entries `lost` and `before-history`, and those of them of which all came after all. */
  readonly notices: number
  readonly noticesHealed: number
  /** What was stored though nobody acknowledged it: the member was killed in between. */
  readonly unacknowledged: number
  /** Everything that no fault explains. Empty: all is well. */
  readonly problems: readonly string[]
}

/** An acknowledged message. */
export interface Expected {
  readonly key: string
  readonly sender: number
  readonly channel: string
  readonly record: AcceptedRecord
}

/**
 * Compares what members acknowledged with what every reader of the channel stores and was shown: each message once, in
 * its log's order, and whatever is missing explained by a fault that takes it away.
 */
export function audit(members: readonly AuditedMember[]): Audit {
  return new Auditor(members).run()
}

class Auditor {
  readonly #members: readonly AuditedMember[]
  /** By key. */
  readonly #expected = new Map<string, Expected>()
  /** By key: the message's id, as somebody stores it; two, if it was sent again. */
  readonly #ids = new Map<string, Set<string>>()
  /** By id: the members that store it, sealed or not. */
  readonly #holders = new Map<string, Set<number>>()
  /** The least number in a log, by log. */
  readonly #firstNumbers = new Map<string, number>()
  readonly #problems: string[] = []
  readonly #explanations: Record<string, number> = {}
  readonly #counts = {
    accepted: 0,
    delivered: 0,
    lostExplained: 0,
    lostUnexplained: 0,
    doubles: 0,
    sentAgain: 0,
    disorder: 0,
    notices: 0,
    noticesHealed: 0,
    unacknowledged: 0,
  }

  constructor(members: readonly AuditedMember[]) {
    this.#members = members
  }

  run(): Audit {
    for (const [sender, member] of this.#members.entries()) this.#expect(sender, member)
    for (const [holder, member] of this.#members.entries()) this.#index(holder, member)
    for (const [reader, member] of this.#members.entries()) this.#auditReader(reader, member)
    return { ...this.#counts, explanations: this.#explanations, problems: this.#problems }
  }

  #expect(sender: number, { accepted }: AuditedMember): void {
    for (const record of accepted) {
      const { channel, number } = record
      const key = keyOf({ sender, channel, number })
      if (this.#expected.has(key)) this.#problems.push(`${key} was acknowledged twice`)
      this.#expected.set(key, { key, sender, channel, record })
      this.#counts.accepted += 1
      if (isWaiting(record)) continue
      this.#ids.set(key, new Set([record.id]))
      this.#begins(record.id.slice(0, record.id.lastIndexOf('-')), number)
    }
  }

  #index(holder: number, { store }: AuditedMember): void {
    for (const { id, log, text, channel, sender } of store.messages) {
      let holders = this.#holders.get(id)
      if (holders === undefined) {
        holders = new Set()
        this.#holders.set(id, holders)
      }
      holders.add(holder)
      if (text === undefined) continue
      const where = `member ${holder + 1}: message ${id}`
      const name = nameOf(text)
      if (name === undefined || this.#members[name.sender]?.pastelId !== sender || name.channel !== channel) {
        this.#problems.push(`${where} says "${text}", and is another sender's or channel's`)
        continue
      }
      this.#begins(log, name.number)
      const known = this.#ids.get(text)
      if (known === undefined) this.#ids.set(text, new Set([id]))
      else if (!known.has(id)) {
        if (known.size > 1 || !this.#maySendAgain(text, name.sender)) {
          this.#problems.push(`${where} is the same as ${[...known].join(', ')}: "${text}"`)
        }
        known.add(id)
      }
    }
  }

  #auditReader(reader: number, member: AuditedMember): void {
    const complain = (problem: string) => this.#problems.push(`member ${reader + 1}: ${problem}`)
    for (const problem of member.store.problems) complain(problem)
    for (const channel of channelsOf(member)) this.#auditChannel(reader, channel, complain)
    for (const id of member.undelivered) this.#auditUndelivered(reader, id, complain)
  }

  #auditChannel(reader: number, channel: string, complain: (problem: string) => void): void {
    const member = this.#members[reader] as AuditedMember
    const stored = member.store.messages.filter((message) => message.channel === channel)
    /** Ids, by key. */
    const there = new Map<string, Set<string>>()
    for (const { text, id } of stored) {
      if (text === undefined) {
        complain(`message ${id} in ${channel} cannot be read`)
        continue
      }
      const ids = there.get(text)
      if (ids === undefined) {
        if (!this.#expected.has(text)) this.#counts.unacknowledged += 1
        there.set(text, new Set([id]))
      } else if (ids.size === 1 && !ids.has(id) && this.#maySendAgain(text, nameOf(text)?.sender)) {
        this.#counts.sentAgain += 1
        ids.add(id)
      } else {
        this.#counts.doubles += 1
        complain(`"${text}" is stored twice`)
      }
    }
    const disorder = orderProblems(stored, this.#linesAt(member, channel))
    this.#counts.disorder += disorder.length
    for (const problem of disorder) complain(problem)
    const shown = auditShown(member, channel, stored)
    this.#counts.doubles += shown.doubles
    this.#counts.disorder += shown.disorder
    for (const problem of shown.problems) complain(problem)
    for (const expected of this.#expected.values()) {
      if (expected.channel !== channel) continue
      if (there.has(expected.key)) this.#counts.delivered += 1
      else this.#judgeMissing(reader, expected, shown, complain)
    }
    if (!member.store.isPruned) {
      for (const problem of gapProblems(stored, member.store.notices)) complain(problem)
    }
    this.#auditNotices(member, channel, stored, complain)
  }

  #begins(log: string, number: number): void {
    this.#firstNumbers.set(log, Math.min(number, this.#firstNumbers.get(log) ?? number))
  }

  /**
   * What is in order with what in a channel, at a member. All of a sender's logs, each of which says what it follows;
   * but where the first batch of a log is lost, nothing says what it, and all behind it, follows: a new line begins. The
   * logs of one who was restored branch: each stands alone, and so do all where nobody knows when the lost one began.
   */
  #linesAt({ store }: AuditedMember, channel: string): Parameters<typeof orderProblems>[1] {
    const headless = store.notices.filter((notice) => notice.channel === channel && notice.first === 0)
    return ({ sender, log, number }) => {
      if (this.#members.some((member) => member.pastelId === sender && member.restored !== undefined))
        return log
      const begins = headless
        .filter((notice) => notice.sender === sender)
        .map((notice) => this.#firstNumbers.get(notice.log))
      if (begins.includes(undefined)) return log
      return `${sender} ${begins.filter((begin = 0) => begin <= number).length}`
    }
  }

  #judgeMissing(
    reader: number,
    expected: Expected,
    shown: ShownAudit,
    complain: (problem: string) => void,
  ): void {
    const { keepsLittle } = this.#members[reader] as AuditedMember
    if (keepsLittle && shown.keys.has(expected.key)) {
      this.#counts.delivered += 1
      return
    }
    const holders = this.#holdersOf(expected.key)
    const { sender, record } = expected
    // The logs of one who was restored branch: what it wrote later may come before what it wrote earlier. And what the
    // reader wrote itself stays when what is older is removed.
    const isInLine = this.#members[sender]?.restored === undefined && sender !== reader
    const isOvertaken =
      keepsLittle && (isInLine ? shown.wasOvertakenAt(sender, record.number) : shown.wasOvertaken)
    const explanation = isOvertaken ? 'reader overtaken by retention' : undefined
    const why = explanation ?? (holders.length === 0 ? this.#whyGone(expected) : undefined)
    if (why !== undefined) {
      this.#counts.lostExplained += 1
      this.#explanations[why] = (this.#explanations[why] ?? 0) + 1
      return
    }
    this.#counts.lostUnexplained += 1
    const id = [...(this.#ids.get(expected.key) ?? [expected.record.id])].join(', ')
    const at = new Date(expected.record.atMs).toISOString()
    const held = holders.length === 0 ? 'nobody has it' : `stored by ${holders.map((holder) => holder + 1)}`
    complain(`"${expected.key}" (${id}, accepted ${at}) is missing: ${held}`)
  }

  /** The fault that took away what its sender and all others do not have any more; undefined: none. */
  #whyGone({ sender, channel, record }: Expected): string | undefined {
    const { restored, keepsLittle } = this.#members[sender] as AuditedMember
    const isBetween = (times: AuditedMember['restored']) =>
      times !== undefined && record.atMs >= times.copiedAtMs && record.atMs <= times.restoredAtMs
    if (isBetween(restored)) return 'sender restored'
    // It removes only what another has taken; and who has taken it loses it only so.
    const taker = this.#members.find((member) => member.restored !== undefined && reads(member, channel))
    const isTaken = taker?.restored !== undefined && record.atMs <= taker.restored.restoredAtMs
    return keepsLittle && isTaken ? 'sender keeps little, and who had it was restored' : undefined
  }

  /** An entry for what is missing is right if it came after all, or its sender lost it. */
  #auditNotices(
    { store }: AuditedMember,
    channel: string,
    stored: readonly StoredMessage[],
    complain: (problem: string) => void,
  ): void {
    const there = new Set(stored.map(({ id }) => id))
    for (const notice of store.notices.filter((notice) => notice.channel === channel)) {
      const { kind, log, first, last, reason, sender } = notice
      this.#counts.notices += 1
      let isHealed = true
      for (let position = first; position <= last && isHealed; position += 1) {
        isHealed = there.has(`${log}-${position}`)
      }
      const loser = this.#members.find(({ pastelId }) => pastelId === sender)
      if (isHealed) this.#counts.noticesHealed += 1
      else if (loser?.restored === undefined && loser?.keepsLittle !== true) {
        complain(
          `${kind} (${reason}) ${log} ${first} to ${last} in ${channel}, which its sender did not lose`,
        )
      }
    }
  }

  /** The recipient has it, and its sender should know. */
  #auditUndelivered(sender: number, id: string, complain: (problem: string) => void): void {
    const member = this.#members[sender] as AuditedMember
    if (member.restored !== undefined) return
    const record = member.accepted.find((record) => record.id === id)
    if (record === undefined) return
    const key = keyOf({ sender, channel: record.channel, number: record.number })
    const recipient = this.#members.findIndex(({ pastelId }) => inboxChannel(pastelId) === record.channel)
    if (!this.#holdersOf(key).includes(recipient)) return
    complain(`${id} is at member ${recipient + 1}, and its delivery is not known to its sender`)
  }

  /** It waited, without an id, in the copy that its sender was restored from. */
  #maySendAgain(key: string, sender = -1): boolean {
    const restored = this.#members[sender]?.restored
    const record = this.#expected.get(key)?.record
    if (restored === undefined) return false
    return record === undefined || (isWaiting(record) && record.atMs <= restored.copiedAtMs)
  }

  #holdersOf(key: string): number[] {
    const holders = [...(this.#ids.get(key) ?? [])].flatMap((id) => [...(this.#holders.get(id) ?? [])])
    return [...new Set(holders)]
  }
}

/** Accepted before its recipient's certificate was known: its id is found only later. */
function isWaiting({ id }: AcceptedRecord): boolean {
  return id.startsWith('waiting-')
}

/** What a member reads. */
function channelsOf({ topics, pastelId }: AuditedMember): string[] {
  return [...topics.map(topicChannel), inboxChannel(pastelId)]
}

function reads(member: AuditedMember, channel: string): boolean {
  return channelsOf(member).includes(channel)
}
