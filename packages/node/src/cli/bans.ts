import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { counted, describeAgo, describeSpan } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

/** Shows the bans that hold, the newest first. */
export async function listBans(dataDir: string, asJson: boolean): Promise<void> {
  const bans = await withClient(dataDir, (api) => api.admin.peers.bans.query())
  if (asJson) return print(json(bans, 2))
  if (bans.length === 0) return warn('nobody is banned')
  const now = Date.now()
  const rows = bans.map(({ target, bannedAtMs, untilMs, reason }): Cell[] => [
    describeAgo(bannedAtMs, now),
    untilMs === undefined ? '-' : describeSpan(untilMs - now),
    untilMs === undefined ? 'unban' : new Date(untilMs).toISOString(),
    { text: target, tone: 'name' },
    reason ?? '-',
  ])
  const headings = ['MADE', 'LEFT', 'UNTIL', 'TARGET', 'REASON'].map(
    (text): Cell => ({ text, tone: 'heading' }),
  )
  print(columns([headings, ...rows], { width: screenWidth() }))
}

export interface BanInput {
  readonly target: string
  readonly untilMs?: number | undefined
  readonly reason?: string | undefined
}

/** Bans somebody, or says anew until when and why. */
export async function ban(dataDir: string, input: BanInput, asJson: boolean): Promise<void> {
  const banned = await withClient(dataDir, (api) => api.admin.peers.ban.mutate(input))
  if (asJson) return print(json(banned, 2))
  const { target, untilMs, connections, isChanged } = banned
  const until = untilMs === undefined ? 'until "pmesh unban"' : `until ${new Date(untilMs).toISOString()}`
  const what = isChanged ? 'changed' : 'banned'
  print(`${what}  ${printable(target)}  ${until}; ${counted(connections, 'connection')} cut`)
}

export async function unban(dataDir: string, target: string, asJson: boolean): Promise<void> {
  const ended = await withClient(dataDir, (api) => api.admin.peers.unban.mutate({ target }))
  if (asJson) return print(json(ended, 2))
  print(`unbanned  ${printable(ended.target)}`)
}
