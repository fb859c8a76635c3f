import { MeshError } from '@pastel-mesh/identity'
import type { AlertOutput } from '@pastel-mesh/sdk-server'
import { pmeshCommand } from '../pmesh-command.ts'
import { describeAlert } from './describe-alert.ts'
import { json, print, printable, warn } from './output.ts'
import { alertRow } from './status.ts'
import { columns } from './terminal/columns.ts'
import { counted } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

/** Shows the alerts with their numbers, the oldest first. @param isAll those that are dismissed, too */
export async function listAlerts(dataDir: string, isAll: boolean, asJson: boolean): Promise<void> {
  const all = await withClient(dataDir, (api) => api.admin.alerts.list.query())
  const shown = all.filter((alert) => isAll || isOpen(alert))
  if (asJson) return print(json(shown, 2))
  if (shown.length > 0) print(columns(shown.map(alertRow)))
  const dismissed = all.length - all.filter(isOpen).length
  if (dismissed > 0 && !isAll) {
    warn(`${counted(dismissed, 'alert')} dismissed: "${pmeshCommand('alerts --all', dataDir)}" shows all`)
  } else if (shown.length === 0) warn('there are no alerts')
}

/** Puts alerts aside. @param which their numbers; empty: all */
export async function dismissAlerts(
  dataDir: string,
  which: readonly number[],
  asJson: boolean,
): Promise<void> {
  const dismissed = await withClient(dataDir, async (api) => {
    const all = await api.admin.alerts.list.query()
    const chosen =
      which.length === 0 ? all.filter(isOpen) : which.map((number) => numbered(number, all, dataDir))
    if (chosen.length === 0) return []
    return (await api.admin.alerts.dismiss.mutate({ logs: chosen.map(({ log }) => log) })).dismissed
  })
  if (asJson) return print(json({ dismissed }, 2))
  for (const alert of dismissed) print(printable(`dismissed  ${alert.number}  ${describeAlert(alert)}`))
  if (dismissed.length === 0) warn('there was no such alert that is not dismissed already')
}

function numbered(number: number, all: readonly AlertOutput[], dataDir: string): AlertOutput {
  const found = all.find((alert) => alert.number === number)
  if (found !== undefined) return found
  throw new MeshError(
    'ERR_UNKNOWN_ALERT',
    `there is no alert ${number}: "${pmeshCommand('alerts', dataDir)}" shows them with their numbers`,
  )
}

function isOpen({ dismissedAtMs }: AlertOutput): boolean {
  return dismissedAtMs === undefined
}
