import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, topicChannel } from '@pastel-mesh/protocol'
import { orderProblems } from './audit-order.ts'
import { auditShown } from './audit-shown.ts'
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
  /** By key: the message's id, as somebody stores it. */
  readonly #ids = new Map<string, string>()
  /** By id: the members that store it, sealed or not. */
  readonly #holders = new Map<string, Set<number>>()
  readonly #problems: string[] = []
  readonly #explanations: Record<string, number> = {}
  readonly #counts = {
    accepted: 0,
    delivered: 0,
    lostExplained: 0,
    lostUnexplained: 0,
    doubles: 0,
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
      if (!record.id.startsWith('waiting-')) this.#ids.set(key, record.id)
    }
  }

  #index(holder: number, { store }: AuditedMember): void {
    for (const { id, text, channel, sender } of store.messages) {
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
      const known = this.#ids.get(text)
      if (known === undefined) this.#ids.set(text, id)
      else if (known !== id) this.#problems.push(`${where} is the same as ${known}: "${text}"`)
    }
  }

  #auditReader(reader: number, member: AuditedMember): void {
    const complain = (problem: string) => this.#problems.push(`member ${reader + 1}: ${problem}`)
    for (const problem of member.store.problems) complain(problem)
    const channels = [...member.topics.map(topicChannel), inboxChannel(member.pastelId)]
    for (const channel of channels) this.#auditChannel(reader, channel, complain)
    for (const id of member.undelivered) this.#auditUndelivered(reader, id, complain)
  }

  #auditChannel(reader: number, channel: string, complain: (problem: string) => void): void {
    const member = this.#members[reader] as AuditedMember
    const stored = member.store.messages.filter((message) => message.channel === channel)
    const there = new Set<string>()
    for (const { text, id } of stored) {
      if (text === undefined) {
        complain(`message ${id} in ${channel} cannot be read`)
        continue
      }
      if (there.has(text)) {
        this.#counts.doubles += 1
        complain(`"${text}" is stored twice`)
      }
      there.add(text)
      if (!this.#expected.has(text)) this.#counts.unacknowledged += 1
    }
    const headless = new Set(member.store.notices.filter(({ first }) => first === 0).map(({ log }) => log))
    const disorder = orderProblems(stored, (sender, log) => this.#wasRestored(sender) || headless.has(log))
    this.#counts.disorder += disorder.length
    for (const problem of disorder) complain(problem)
    const shown = auditShown(member, channel, stored)
    this.#counts.doubles += shown.doubles
    this.#counts.disorder += shown.disorder
    for (const problem of shown.problems) complain(problem)
    for (const expected of this.#expected.values()) {
      if (expected.channel !== channel) continue
      if (there.has(expected.key)) this.#counts.delivered += 1
      else this.#judgeMissing(reader, expected, shown.keys, shown.wasOvertaken, complain)
    }
    this.#auditNotices(member, channel, stored, complain)
  }

  #judgeMissing(
    reader: number,
    expected: Expected,
    shown: ReadonlySet<string>,
    wasOvertaken: boolean,
    complain: (problem: string) => void,
  ): void {
    const { keepsLittle } = this.#members[reader] as AuditedMember
    if (keepsLittle && shown.has(expected.key)) {
      this.#counts.delivered += 1
      return
    }
    const holders = this.#holdersOf(expected.key)
    const explanation = keepsLittle && wasOvertaken ? 'reader overtaken by retention' : undefined
    const why = explanation ?? (holders.length === 0 ? this.#whyGone(expected) : undefined)
    if (why !== undefined) {
      this.#counts.lostExplained += 1
      this.#explanations[why] = (this.#explanations[why] ?? 0) + 1
      return
    }
    this.#counts.lostUnexplained += 1
    const id = this.#ids.get(expected.key) ?? expected.record.id
    const at = new Date(expected.record.atMs).toISOString()
    const held = holders.length === 0 ? 'nobody has it' : `stored by ${holders.map((holder) => holder + 1)}`
    complain(`"${expected.key}" (${id}, accepted ${at}) is missing: ${held}`)
  }

  /** The fault that took away what its sender and all others do not have any more; undefined: none. */
  #whyGone({ sender, record }: Expected): string | undefined {
    const { restored, keepsLittle } = this.#members[sender] as AuditedMember
    if (keepsLittle) return 'sender keeps little'
    if (restored === undefined) return undefined
    const isWithin = record.atMs >= restored.copiedAtMs && record.atMs <= restored.restoredAtMs
    return isWithin ? 'sender restored' : undefined
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

  #holdersOf(key: string): number[] {
    return [...(this.#holders.get(this.#ids.get(key) ?? '') ?? [])]
  }

  #wasRestored(sender: PastelId): boolean {
    return this.#members.some((member) => member.pastelId === sender && member.restored !== undefined)
  }
}
