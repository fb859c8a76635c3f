import { json, print, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

const HEADINGS = ['WHEN', 'RESULT', 'WHAT', 'WHO', 'WITH']
/** Of a PastelID, which would take the whole line: enough to know it again. */
const SUBJECT_LENGTH = 16

export async function listAudit(dataDir: string, limit: number, asJson: boolean): Promise<void> {
  const entries = await withClient(dataDir, (api) => api.admin.audit.list.query({ limit }))
  if (asJson) return print(json(entries, 2))
  if (entries.length === 0) return warn('nothing was changed yet')
  const headings = HEADINGS.map((text): Cell => ({ text, tone: 'heading' }))
  const rows = entries.map(({ atMs, lastAtMs = atMs, result, count, procedure, subject, input }): Cell[] => [
    new Date(lastAtMs).toISOString(),
    {
      text: count === undefined ? result : `${result} (${count} times)`,
      tone: result === 'ok' ? 'good' : 'bad',
    },
    procedure.replace(/^admin\./, ''),
    subject.length > SUBJECT_LENGTH ? `${subject.slice(0, SUBJECT_LENGTH)}…` : subject,
    input ?? '',
  ])
  print(columns([headings, ...rows], { width: screenWidth() }))
}
