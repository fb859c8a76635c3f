import type { PastelId } from '@pastel-mesh/identity'
import { nameOf } from './records.ts'
import type { StoredLoss, StoredMessage } from './store-content.ts'

type Ordered = Pick<StoredMessage, 'id' | 'log' | 'position' | 'sender' | 'text' | 'isLate'>

/**
 * What of a channel stands before what its sender wrote earlier. What comes late is out of order and says so; it is
 * compared with its own log's positions only.
 *
 * @param messages in arrival order
 * @param lineOf what a message is in order with
 */
export function orderProblems(
  messages: readonly Ordered[],
  lineOf: (message: { readonly sender: PastelId; readonly log: string; readonly number: number }) => string,
): string[] {
  const problems: string[] = []
  /** Last position, by log. */
  const positions = new Map<string, number>()
  /** Last number, by line. */
  const numbers = new Map<string, number>()
  /** Numbers and positions of a log, to be compared when all of it is there. */
  const logs = new Map<string, { readonly position: number; readonly number: number }[]>()
  for (const { id, log, position, sender, text = '', isLate } of messages) {
    const number = nameOf(text)?.number
    if (number === undefined) continue
    const of = logs.get(log) ?? []
    logs.set(log, of)
    of.push({ position, number })
    if (isLate) continue
    if (position <= (positions.get(log) ?? -1)) {
      problems.push(`${id} stands behind ${log}-${positions.get(log)}, which its sender wrote later`)
    }
    positions.set(log, position)
    const line = lineOf({ sender, log, number })
    if (number <= (numbers.get(line) ?? -1)) {
      problems.push(`"${text}" stands behind number ${numbers.get(line)}, which its sender wrote later`)
    }
    numbers.set(line, number)
  }
  for (const [log, of] of logs) {
    of.sort((a, b) => a.position - b.position)
    for (let i = 1; i < of.length; i += 1) {
      const [before, after] = [of[i - 1], of[i]]
      if (before !== undefined && after !== undefined && after.number <= before.number) {
        problems.push(`${log}: number ${after.number} has a place behind number ${before.number}`)
      }
    }
  }
  return problems
}

/** Places of logs that are passed over though no entry says so, in a store from which nothing was removed. */
export function gapProblems(
  messages: readonly Pick<StoredMessage, 'log' | 'position'>[],
  notices: readonly Pick<StoredLoss, 'log' | 'first' | 'last'>[],
): string[] {
  const logs = new Map<string, Set<number>>()
  for (const { log, position } of messages) {
    const there = logs.get(log) ?? new Set()
    logs.set(log, there.add(position))
  }
  const problems: string[] = []
  for (const [log, there] of logs) {
    const told = notices.filter((notice) => notice.log === log)
    const isTold = (position: number) => told.some(({ first, last }) => position >= first && position <= last)
    const end = Math.max(...there)
    for (let position = 0; position < end; position += 1) {
      if (!there.has(position) && !isTold(position))
        problems.push(`${log}-${position} is passed over in silence`)
    }
  }
  return problems
}
