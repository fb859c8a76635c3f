import type { PluginStatus } from '@pastel-mesh/sdk-server'
import { pmeshCommand } from '../pmesh-command.ts'
import { describeFailures, describeTask } from './describe-plugins.ts'
import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { paint } from './terminal/paint.ts'
import { withClient } from './with-client.ts'

/** What the plugins of the running node add, and how they do. */
export async function listPlugins(dataDir: string, asJson: boolean): Promise<void> {
  const { plugins } = await withClient(dataDir, (api) => api.admin.status.query())
  if (asJson) return print(json(plugins, 2))
  if (plugins.length === 0) {
    const start = pmeshCommand('start --plugin ./NAME/plugin.ts', dataDir)
    return warn(`the node has no plugins: "pmesh plugin new NAME" makes one, "${start}" runs it`)
  }
  print(plugins.map(describe).join('\n\n'))
}

function describe(plugin: PluginStatus): string {
  const { name, source, procedures, jobs, messages, background } = plugin
  const rows: Cell[][] = [
    ['source', source ?? 'the program that the node is part of'],
    ...procedures.map((procedure): Cell[] => ['procedure', procedure]),
    ...jobs.map((job): Cell[] => ['job', job]),
    ...(messages.length === 0 ? [] : [['messages of', messages.join(', ')] satisfies Cell[]]),
    ...background.map((task): Cell[] => [
      'background',
      `${name}.${task.name} ${describeTask(task)}`,
      describeFailures(task),
    ]),
    ...(plugin.failures === 0 ? [] : [['failures', describeFailures(plugin)] satisfies Cell[]]),
  ]
  // Only tasks have a third column, and the others are not to be as wide.
  return `${paint('heading', name)}\n${columns(rows, { indent: '  ' })}`
}
