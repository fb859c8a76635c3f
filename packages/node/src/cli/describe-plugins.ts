import type { BackgroundStatus, PluginFailure, PluginStatus } from '@pastel-mesh/sdk-server'
import type { Cell } from './terminal/columns.ts'
import { counted, describeAgo, describeSpan } from './terminal/figures.ts'

/** What plugins add and how they do: a row for each, and one for each of their background tasks. */
export function pluginRows(plugins: readonly PluginStatus[]): Cell[][] {
  return plugins.flatMap((plugin): Cell[][] => [
    [{ text: plugin.name, tone: 'name' }, describePlugin(plugin), describeFailures(plugin)],
    ...plugin.background.map((task) => [
      `${plugin.name}.${task.name}`,
      describeTask(task),
      describeFailures(task),
    ]),
  ])
}

function describePlugin({ source, procedures, jobs, messages }: PluginStatus): string {
  return [
    ...(source === undefined ? [] : [source]),
    counted(procedures.length, 'procedure'),
    counted(jobs.length, 'job'),
    ...(messages.length === 0 ? [] : [`messages of ${messages.join(', ')}`]),
  ].join(', ')
}

export function describeTask({
  timing,
  runs,
  skipped,
  isRunning,
  lastAtMs,
  nextAtMs,
}: BackgroundStatus): string {
  return [
    timing,
    lastAtMs === undefined ? 'did not run yet' : `${counted(runs, 'run')}, the last ${describeAgo(lastAtMs)}`,
    ...(isRunning ? ['running'] : []),
    ...(skipped === 0 ? [] : [`${counted(skipped, 'time')} left out, for it was running`]),
    ...(nextAtMs === undefined ? [] : [`next in ${describeSpan(nextAtMs - Date.now())}`]),
  ].join(', ')
}

export function describeFailures({
  failures,
  lastFailure,
}: {
  readonly failures: number
  readonly lastFailure?: PluginFailure
}): Cell {
  if (failures === 0 || lastFailure === undefined) return ''
  const { message, atMs } = lastFailure
  const [line = ''] = message.split('\n')
  return {
    text: `${counted(failures, 'failure')}, the last ${describeAgo(atMs)}: ${line.slice(0, 200)}`,
    tone: 'bad',
  }
}
