import type { AuditedMember } from './audit.ts'
import { orderProblems } from './audit-order.ts'
import { Overtaking } from './overtaking.ts'
import type { StoredMessage } from './store-content.ts'

export interface ShownAudit {
  /** All messages that the channel's reader was ever shown. */
  readonly keys: ReadonlySet<string>
  /**
   * Whether retention may have removed a message before it was read: the reader was told so at a place where it was
   * shown what the sender wrote earlier before, and what it wrote later after it.
   */
  readonly wasOvertakenAt: (sender: number, number: number) => boolean
  /** It was told so somewhere. */
  readonly wasOvertaken: boolean
  readonly doubles: number
  readonly disorder: number
  readonly problems: readonly string[]
}

/**
 * Compares what the reader of a channel was shown with what is stored: every message once for one cursor, in order; and
 * where it was told that its cursor is of another order, it was shown everything anew.
 */
export function auditShown(
  {
    shown,
    restored,
    keepsLittle,
    store,
  }: Pick<AuditedMember, 'shown' | 'restored' | 'keepsLittle' | 'store'>,
  channel: string,
  stored: readonly StoredMessage[],
): ShownAudit {
  const problems: string[] = []
  const keys = new Set<string>()
  let doubles = 0
  let disorder = 0
  const overtaking = new Overtaking()
  let once = new Set<string>()
  let inOrder: (StoredMessage & { readonly text: string })[] = []
  const senders = new Map(stored.map(({ id, log, position, sender }) => [id, { log, position, sender }]))
  const closeEpoch = () => {
    // Logs of one who was restored branch: which those are, the audit of the store knows; here each log counts.
    const found = orderProblems(inOrder, ({ log }) => log)
    disorder += found.length
    problems.push(...found.map((problem) => `shown: ${problem}`))
  }
  for (const record of shown) {
    if (record.channel !== channel) continue
    if (record.kind === 'foreign-cursor') {
      if (restored === undefined)
        problems.push(`the reader of ${channel} was told that its cursor is foreign`)
      closeEpoch()
      overtaking.beginAnew()
      once = new Set()
      inOrder = []
    } else if (record.kind === 'pruned') {
      overtaking.told()
      if (!keepsLittle) problems.push(`the reader of ${channel} was told that what it had not read is gone`)
    } else if (record.kind === 'message') {
      const { id, text, isLate } = record
      if (once.has(id)) {
        doubles += 1
        problems.push(`"${text}" (${id}) was shown twice`)
      }
      once.add(id)
      keys.add(text)
      if (!isLate) overtaking.shown(text)
      const place = senders.get(id)
      if (place !== undefined) inOrder.push({ id, text, channel, isLate, ...place })
    }
  }
  closeEpoch()
  for (const { id, text } of stored) {
    if (!once.has(id)) problems.push(`"${text}" (${id}) is stored and was not shown`)
  }
  const ids = new Set(stored.map(({ id }) => id))
  if (!keepsLittle && !store.isPruned) {
    for (const id of once) if (!ids.has(id)) problems.push(`${id} in ${channel} was shown, and is not stored`)
  }
  return {
    keys,
    wasOvertakenAt: overtaking.isBetween,
    wasOvertaken: overtaking.wasTold,
    doubles,
    disorder,
    problems,
  }
}
