import type { BackgroundStatus, PluginStatus } from '../admin/plugin-status.ts'
import type { Families, Samples } from './families.ts'

/** What plugins do by the clock, and what they threw. */
export function addPluginFamilies(families: Families, plugins: () => readonly PluginStatus[]): void {
  const perTask = (read: (task: BackgroundStatus) => number): Samples =>
    plugins().flatMap(({ name: plugin, background }) =>
      background.map((task) => [{ plugin, task: task.name }, read(task)] as const),
    )
  const labels = ['plugin', 'task']
  families.counter({
    name: 'pmesh_background_runs_total',
    help: 'Runs of background tasks that ended, those that failed among them',
    labels,
    read: () => perTask(({ runs }) => runs),
  })
  families.counter({
    name: 'pmesh_background_failures_total',
    help: 'Runs of background tasks that failed',
    labels,
    read: () => perTask(({ failures }) => failures),
  })
  families.counter({
    name: 'pmesh_background_skipped_total',
    help: 'Times at which a background task was to run and its run before had not ended',
    labels,
    read: () => perTask(({ skipped }) => skipped),
  })
  families.counter({
    name: 'pmesh_background_run_seconds_total',
    help: 'How long the runs of background tasks took together',
    labels,
    read: () => perTask(({ runMs }) => runMs / 1_000),
  })
  families.counter({
    name: 'pmesh_plugin_failures_total',
    help: 'What plugins threw where nobody waited for it, their background tasks among them',
    labels: ['plugin'],
    read: () => plugins().map(({ name: plugin, failures }) => [{ plugin }, failures] as const),
  })
}
