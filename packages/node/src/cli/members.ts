import type { ControlClient } from '../control-client.ts'
import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

type MembersPage = Awaited<ReturnType<ControlClient['api']['admin']['members']['list']['query']>>

/** Shows who may take part; whole PastelIDs, for they are there to be copied. */
export async function listMembers(dataDir: string, asJson: boolean): Promise<void> {
  const { isOpen, members } = await withClient(dataDir, readAll)
  if (asJson) return print(json({ isOpen, members }, 2))
  if (isOpen) return warn('anybody may take part, with any key: the node runs with --members open')
  const headings = ['PASTELID', 'ROLE'].map((text): Cell => ({ text, tone: 'heading' }))
  const rows = members.map(({ pastelId, role }) => [pastelId, role])
  print(columns([headings, ...rows], { width: screenWidth() }))
}

export async function addMember(
  dataDir: string,
  member: { readonly pastelId: string; readonly role?: string | undefined },
  asJson: boolean,
): Promise<void> {
  const added = await withClient(dataDir, (api) => api.admin.members.add.mutate(member))
  print(asJson ? json(added, 2) : printable(`member  ${added.pastelId}  ${added.role}`))
}

export async function removeMember(dataDir: string, pastelId: string, asJson: boolean): Promise<void> {
  await withClient(dataDir, (api) => api.admin.members.remove.mutate({ pastelId }))
  print(asJson ? json({ removed: pastelId }, 2) : `removed  ${printable(pastelId)}`)
}

async function readAll(api: ControlClient['api']): Promise<Pick<MembersPage, 'isOpen' | 'members'>> {
  const members: MembersPage['members'] = []
  for (;;) {
    const page = await api.admin.members.list.query({ offset: members.length })
    members.push(...page.members)
    if (page.members.length === 0 || members.length >= page.size) return { isOpen: page.isOpen, members }
  }
}
