import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeAgo } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

const HEADINGS = ['ID', 'ROLE', 'SINCE', 'REFRESHED', 'WHO']

export async function listSessions(dataDir: string, asJson: boolean): Promise<void> {
  const sessions = await withClient(dataDir, (api) => api.admin.sessions.list.query())
  if (asJson) return print(json(sessions, 2))
  if (sessions.length === 0) return warn('nobody is logged in')
  const headings = HEADINGS.map((text): Cell => ({ text, tone: 'heading' }))
  const rows = sessions.map(({ id, role, createdAtMs, refreshedAtMs, subject }): Cell[] => [
    id,
    role ?? '-',
    describeAgo(createdAtMs),
    describeAgo(refreshedAtMs),
    { text: subject, tone: 'name' },
  ])
  print(columns([headings, ...rows], { width: screenWidth() }))
}

export async function revokeSession(dataDir: string, id: string, asJson: boolean): Promise<void> {
  const { revoked } = await withClient(dataDir, (api) => api.admin.sessions.revoke.mutate({ id }))
  print(asJson ? json({ revoked }, 2) : `revoked  ${printable(revoked)}`)
}
