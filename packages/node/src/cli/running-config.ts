import type { Origin } from '../config/origin.ts'
import { describeOrigin } from '../config/origin.ts'
import { table } from '../table.ts'
import { describeValue } from './describe-reloaded.ts'
import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeTime } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

/** Every key of a running node, its value and where that comes from. */
export async function showConfig(dataDir: string, asJson: boolean): Promise<void> {
  const shown = await withClient(dataDir, (api) => api.admin.configuration.show.query())
  if (asJson) return print(json(shown, 2))
  const { file, readAtMs, keys } = shown
  print(
    table(
      [
        ['data folder', shown.dataDir],
        ['file', file ?? 'none'],
        ['read', describeTime(readAtMs)],
      ].map((row) => row.map(printable)),
    ),
  )
  print('')
  const rows = Object.entries(keys).map(([key, { value, origin, afterRestart }]): Cell[] => [
    key,
    describeValue(value),
    describeOrigin(origin as Origin),
    ...(afterRestart === undefined
      ? []
      : [{ text: `${describeValue(afterRestart.value)} with the next start`, tone: 'caution' } as const]),
  ])
  print(columns(rows))
}

/** Has a running node read its configuration again, and says what came of it. */
export async function reloadConfig(dataDir: string, asJson: boolean): Promise<void> {
  const reloaded = await withClient(dataDir, (api) => api.admin.configuration.reload.mutate())
  if (asJson) return print(json(reloaded, 2))
  const { applied, needsRestart, unchanged, members, warnings } = reloaded
  for (const warning of warnings) warn(warning)
  const rowsOf = (what: string, changes: typeof applied) =>
    changes.map(({ key, before, after, origin }): Cell[] => [
      what,
      { text: key, tone: 'name' },
      `${describeValue(before)} → ${describeValue(after)}`,
      describeOrigin(origin as Origin),
    ])
  const rows = [...rowsOf('applied', applied), ...rowsOf('with the next start', needsRestart)]
  if (rows.length > 0) print(columns(rows))
  print(`unchanged  ${counted(unchanged.length, 'key')}${describeMembers(members)}`)
}

function describeMembers(members: { count: number; joined: number; left: number } | undefined): string {
  if (members === undefined) return ''
  const { count, joined, left } = members
  const changes = joined + left === 0 ? '' : ` (${joined} joined, ${left} left)`
  return `; ${counted(count, 'member')}${changes}`
}
