import type { ServiceKey } from '@pastel-mesh/sdk-server'
import { pmeshCommand } from '../pmesh-command.ts'
import { json, print, printable, warn } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeAgo } from './terminal/figures.ts'
import { screenWidth } from './terminal/screen.ts'
import { withClient } from './with-client.ts'

const HEADINGS = ['ID', 'SCOPES', 'MADE', 'USED', 'GOOD UNTIL', 'NAME']

/** What a new key is for. */
export interface KeyRequest {
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt: ((nowMs?: number) => number) | undefined
}

export async function listKeys(dataDir: string, asJson: boolean): Promise<void> {
  const keys = await withClient(dataDir, (api) => api.admin.keys.list.query())
  if (asJson) return print(json(keys, 2))
  if (keys.length === 0) {
    return warn(
      `there are no service keys: "${pmeshCommand('keys create NAME --scope read', dataDir)}" makes one`,
    )
  }
  const headings = HEADINGS.map((text): Cell => ({ text, tone: 'heading' }))
  print(columns([headings, ...keys.map(rowOf)], { width: screenWidth() }))
}

export async function createKey(
  dataDir: string,
  { name, scopes, expiresAt }: KeyRequest,
  asJson: boolean,
): Promise<void> {
  const made = await withClient(dataDir, (api) =>
    api.admin.keys.create.mutate({
      name,
      // The node says which there are.
      scopes: scopes as ServiceKey['scopes'],
      ...(expiresAt === undefined ? {} : { expiresAt: expiresAt() }),
    }),
  )
  tellSecret(made, asJson)
}

/** @param overlapMs undefined: as long as the node holds right */
export async function rotateKey(
  dataDir: string,
  id: string,
  overlapMs: number | undefined,
  asJson: boolean,
): Promise<void> {
  const rotated = await withClient(dataDir, (api) =>
    api.admin.keys.rotate.mutate({ id, ...(overlapMs === undefined ? {} : { overlapMs }) }),
  )
  tellSecret(rotated, asJson)
  const { oldGoodUntilMs } = rotated
  if (asJson) return
  warn(
    oldGoodUntilMs === undefined
      ? 'the secret before is good no more'
      : `the secret before is good until ${new Date(oldGoodUntilMs).toISOString()}`,
  )
}

export async function revokeKey(dataDir: string, id: string, asJson: boolean): Promise<void> {
  const { revoked } = await withClient(dataDir, (api) => api.admin.keys.revoke.mutate({ id }))
  print(asJson ? json({ revoked }, 2) : `revoked  ${printable(revoked)}`)
}

/** Alone on the standard output: it goes where it is kept, and nowhere else. */
function tellSecret(key: ServiceKey & { readonly secret: string }, asJson: boolean): void {
  if (asJson) {
    print(json(key, 2))
    return
  }
  print(key.secret)
  warn(`this is the secret of the key ${key.id} for ${key.scopes.join(', ')}: it is not shown again`)
}

function rowOf({ id, scopes, createdAtMs, usedAtMs, expiresAtMs, name }: ServiceKey): Cell[] {
  return [
    id,
    scopes.join(', '),
    describeAgo(createdAtMs),
    usedAtMs === undefined ? '-' : describeAgo(usedAtMs),
    expiresAtMs === undefined ? 'it is revoked' : new Date(expiresAtMs).toISOString(),
    { text: name, tone: 'name' },
  ]
}
