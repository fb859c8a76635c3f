import type { BindingStatus } from '@pastel-mesh/sdk-server'
import type { Cell } from './terminal/columns.ts'
import { counted, describeAgo, describeCount } from './terminal/figures.ts'

/** With so many messages not looked at yet there may be more. */
const MAX_BEHIND = 1_000

/** What makes jobs of messages, a row each. */
export function bindingRows(bindings: readonly BindingStatus[]): Cell[][] {
  return bindings.map((binding) => [`${binding.source} → ${binding.job}`, describeBinding(binding)])
}

function describeBinding(binding: BindingStatus): Cell {
  const { jobs, behind, blocked, lost, undecodable } = binding
  const some = [
    `${counted(jobs, 'job')} since the start`,
    behind === undefined || behind === 0 ? '' : `${describeBehind(behind)} to come`,
    undecodable === 0 ? '' : `${counted(undecodable, 'message')} could not be read`,
    lost === 0 ? '' : `${describeCount(lost)} times messages were lost before`,
  ]
  const told = some.filter((part) => part !== '').join(', ')
  if (blocked === undefined) return told
  const { message, attempts, sinceMs } = blocked
  return {
    text: `${message}; tried ${counted(attempts, 'time')}, first ${describeAgo(sinceMs)}; ${told}`,
    tone: 'bad',
  }
}

function describeBehind(behind: number): string {
  return behind < MAX_BEHIND ? counted(behind, 'message') : `${describeCount(MAX_BEHIND)} messages or more`
}
