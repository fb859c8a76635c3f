import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { screenWidth } from './terminal/screen.ts'
import { withMembers } from './with-members.ts'

/** Shows who may take part; whole PastelIDs, for they are there to be copied. */
export async function listMembers(dataDir: string, asJson: boolean): Promise<void> {
  const { isOpen, members } = await withMembers(dataDir, asJson, (all) => all.list())
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
  const { pastelId, role, before } = await withMembers(dataDir, asJson, (all) => all.add(member))
  if (asJson) return print(json({ pastelId, role, ...(before === undefined ? {} : { before }) }, 2))
  if (before === undefined) return print(printable(`added  ${pastelId}  ${role}`))
  if (before !== role) return print(printable(`changed  ${pastelId}  ${role}, was ${before}`))
  print(printable(`unchanged  ${pastelId}  ${role}: it was a member already`))
}

export async function removeMember(dataDir: string, pastelId: string, asJson: boolean): Promise<void> {
  await withMembers(dataDir, asJson, (all) => all.remove(pastelId))
  print(asJson ? json({ removed: pastelId }, 2) : `removed  ${printable(pastelId)}`)
}
