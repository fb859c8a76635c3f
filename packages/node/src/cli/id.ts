import { decodePastelId, MeshError, type PastelId } from '@pastel-mesh/identity'
import { dataFolder, openDataFolder } from '../data-folder.ts'
import { keyStore } from '../key-store.ts'
import { chooseIdentity } from '../open-identity.ts'
import { findNewPassphrase, PASSPHRASE_FLAG } from '../passphrase.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { table } from '../table.ts'
import { json, print, warn } from './output.ts'
import { terminalPrompt } from './terminal-prompt.ts'
import { withClient } from './with-client.ts'

/** What the node of a folder does with a PastelID whose key is there. */
type Use = 'running' | 'other' | 'only' | 'choice'

const USES: Readonly<Record<Use, string>> = {
  running: 'runs with it',
  other: 'runs with another',
  only: 'takes it when it starts',
  choice: 'takes it when it starts, if "identity" names it',
}

/** Makes a PastelID. */
export async function newIdentity(
  dataDir: string,
  passphraseFile: string | undefined,
  asJson: boolean,
): Promise<void> {
  await openDataFolder(dataDir)
  const folder = dataFolder(dataDir)
  const keys = keyStore(folder)
  const sources = {
    file: passphraseFile,
    flag: PASSPHRASE_FLAG,
    kept: folder.passphrase,
    prompt: terminalPrompt(),
  }
  // Beside keys that have another one, a passphrase that was made up would be taken for theirs.
  const makeAt = (await keys.list()).length === 0 ? folder.passphrase : undefined
  const passphrase = await findNewPassphrase('the new PastelID', sources, makeAt)
  const { pastelId } = await keys.create(passphrase.text)
  const file = keys.pathOf(pastelId)
  if (asJson) return print(json({ pastelId, file, passphrase: passphrase.source }, 2))
  print(
    table([
      ['PastelID', pastelId],
      ['file', file],
      ['passphrase', passphrase.source],
    ]),
  )
}

/** Shows a PastelID whose key is in a folder; needs no passphrase. */
export async function showIdentity(
  dataDir: string,
  identity: string | undefined,
  asJson: boolean,
): Promise<void> {
  const folder = dataFolder(dataDir)
  const keys = keyStore(folder)
  const how = 'name the one to show'
  const pastelId = await chooseIdentity(keys, { folder: folder.keys, identity, how })
  const list = await keys.list()
  const file = keys.pathOf(pastelId)
  if (!list.includes(pastelId)) {
    throw new MeshError(
      'ERR_KEY_FILE_MISSING',
      `there is no key file at ${file}: see "${pmeshCommand('id list', dataDir)}"`,
    )
  }
  const publicKey = Buffer.from(decodePastelId(pastelId)).toString('hex')
  const use = await findUse(dataDir, list)
  const shown = { pastelId, publicKey, file, node: use(pastelId) }
  if (asJson) return print(json(shown, 2))
  print(
    table([
      ['PastelID', pastelId],
      ['public key', publicKey],
      ['file', file],
      ['node', USES[shown.node]],
    ]),
  )
}

/** Lists the PastelIDs whose keys are in a folder. */
export async function listIdentities(dataDir: string, asJson: boolean): Promise<void> {
  const keys = keyStore(dataFolder(dataDir))
  const list = await keys.list()
  const use = await findUse(dataDir, list)
  const shown = list.map((pastelId) => ({ pastelId, file: keys.pathOf(pastelId), node: use(pastelId) }))
  if (asJson) return print(json(shown, 2))
  if (shown.length === 0) {
    return warn(`there is no key in ${dataFolder(dataDir).keys}: see "${pmeshCommand('id new', dataDir)}"`)
  }
  print(table(shown.map(({ pastelId, node }) => [pastelId, USES[node]])))
}

/** Asks the node of the folder, if one runs, which PastelID it has. */
async function findUse(dataDir: string, list: readonly PastelId[]): Promise<(pastelId: PastelId) => Use> {
  const running = await withClient(dataDir, async (api) => (await api.admin.status.query()).pastelId).catch(
    (error: unknown) => {
      if (error instanceof MeshError) return undefined
      throw error
    },
  )
  return (pastelId) => {
    if (running !== undefined) return running === pastelId ? 'running' : 'other'
    return list.length === 1 ? 'only' : 'choice'
  }
}
