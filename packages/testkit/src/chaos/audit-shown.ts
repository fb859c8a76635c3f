import type { AuditedMember } from './audit.ts'
import { orderProblems } from './audit-order.ts'
import type { StoredMessage } from './store-content.ts'

export interface ShownAudit {
  /** All messages that the channel's reader was ever shown. */
  readonly keys: ReadonlySet<string>
  /** It was told that retention removed what it had not read. */
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
  let wasOvertaken = false
  let once = new Set<string>()
  let inOrder: (StoredMessage & { readonly text: string })[] = []
  const senders = new Map(stored.map(({ id, log, position, sender }) => [id, { log, position, sender }]))
  const closeEpoch = () => {
    // Logs of one who was restored branch: which those are, the audit of the store knows; here each log counts.
    const found = orderProblems(inOrder, () => true)
    disorder += found.length
    problems.push(...found.map((problem) => `shown: ${problem}`))
  }
  for (const record of shown) {
    if (record.channel !== channel) continue
    if (record.kind === 'foreign-cursor') {
      if (restored === undefined)
        problems.push(`the reader of ${channel} was told that its cursor is foreign`)
      closeEpoch()
      once = new Set()
      inOrder = []
    } else if (record.kind === 'pruned') {
      wasOvertaken = true
      if (!keepsLittle) problems.push(`the reader of ${channel} was told that what it had not read is gone`)
    } else if (record.kind === 'message') {
      const { id, text, isLate } = record
      if (once.has(id)) {
        doubles += 1
        problems.push(`"${text}" (${id}) was shown twice`)
      }
      once.add(id)
      keys.add(text)
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
  return { keys, wasOvertaken, doubles, disorder, problems }
}
