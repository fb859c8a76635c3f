import type { JobSummary, NameStats, QueueStats, WaitsFor } from '@pastel-mesh/sdk-server'
import type { ControlClient } from '../control-client.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Cell } from './terminal/columns.ts'
import { counted, describeCount } from './terminal/figures.ts'

type NodeStatus = Awaited<ReturnType<ControlClient['api']['admin']['status']['query']>>
type Status = NodeStatus['queue']

export type JobStatus = JobSummary['status']

/** Names that are told in one line; a node that does nothing may have many. */
const MAX_NAMES = 5

/** What an operator should know of the queue, a row each. */
export function queueRows(status: Status, dataDir: string): Cell[][] {
  if (status.state === 'unavailable') return [['queue', { text: status.reason, tone: 'bad' }]]
  const { waiting, running, delayed, failed, isPaused, pausedNames, unhandled } = status
  const counts = [
    `${describeCount(waiting)} waiting`,
    `${describeCount(running)} running`,
    `${describeCount(delayed)} delayed`,
    `${describeCount(failed)} failed`,
  ].join(', ')
  const hint = failed === 0 ? '' : `: "${pmeshCommand('jobs list failed', dataDir)}" says why`
  return [
    ['queue', failed === 0 ? counts : { text: `${counts}${hint}`, tone: 'caution' }],
    ...pausedRows(isPaused, pausedNames, dataDir),
    ...unhandledRows(unhandled),
  ]
}

/** That there will be no room for keys of what jobs send, from four fifths on. */
export function onceRows({ kept, max }: NodeStatus['once'], dataDir: string): Cell[][] {
  if (kept * 10 < max * 8) return []
  const list = pmeshCommand('jobs list failed', dataDir)
  const text = `${describeCount(kept)} of ${describeCount(max)} keys of messages that were sent once: above it jobs send nothing; retry or remove those that keep theirs ("${list}", expired and cancelled ones as well)`
  return [['sent once', { text, tone: 'bad' }]]
}

/** The same of statistics. */
export function statusOfStats({ totals, isPaused, pausedNames, unhandled }: QueueStats): Status {
  return { state: 'running', ...totals, isPaused, pausedNames, unhandled }
}

function pausedRows(isPaused: boolean, names: readonly string[], dataDir: string): Cell[][] {
  const row = (text: string): Cell[][] => [['paused', { text, tone: 'caution' }]]
  if (isPaused) return row(`everything: no job starts until "${pmeshCommand('jobs resume', dataDir)}"`)
  if (names.length === 0) return []
  return row(`${listed(names)}: "${pmeshCommand('jobs resume NAME', dataDir)}" lets them start`)
}

function unhandledRows(names: readonly { readonly name: string; readonly waiting: number }[]): Cell[][] {
  if (names.length === 0) return []
  const which = listed(names.map(({ name, waiting }) => `${name} (${describeCount(waiting)})`))
  return [
    [
      'no handler',
      {
        text: `${which}: nothing in this node does them; they wait for a program that has a handler of this name`,
        tone: 'bad',
      },
    ],
  ]
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join(', ')
  return names.length > MAX_NAMES ? `${shown} and ${counted(names.length - MAX_NAMES, 'other')}` : shown
}

/** What a waiting job waits for. */
export function describeWaitsFor(waitsFor: WaitsFor): string {
  if (waitsFor === 'handler') return 'a handler: nothing in this node does it'
  return waitsFor === 'resume' ? '"resume": it is paused' : 'its turn'
}

/** How it stands with the jobs of a name, in a word or two. */
export function standingOf({ isHandled, isPaused }: NameStats, isAllPaused: boolean): Cell {
  if (!isHandled) return { text: 'no handler', tone: 'bad' }
  return isPaused || isAllPaused ? { text: 'paused', tone: 'caution' } : { text: 'ok', tone: 'good' }
}
