import { explainFileError, MeshError, type PastelId, writeDurableFile } from '@pastel-mesh/identity'
import { type ConfigFlags, flagSource } from './config/flags.ts'
import { mergeSources } from './config/load-config.ts'
import { yamlTemplate } from './config/yaml-template.ts'
import { type DataFolder, dataFolder, isThere, openDataFolder } from './data-folder.ts'
import { keyStore } from './key-store.ts'
import { openNodeKey } from './node-key.ts'
import { openIdentity } from './open-identity.ts'
import type { PassphrasePrompt } from './passphrase.ts'

const MEMBERS = `# Who may take part, one PastelID a line. The node itself need not be here.
# The others need the PastelID of this node in their file.
`

/** A data folder that was made. */
export interface InitialFolder {
  readonly folder: DataFolder
  readonly pastelId: PastelId
  /** Where the node will serve its API, as it is written: `off`: nowhere. */
  readonly apiListen: string
  /** Paths of what was there before, and is used: keys that were imported, and their passphrase. */
  readonly found: readonly string[]
}

/**
 * Makes a data folder with keys, an empty member file and a `pmesh.yaml` of the settings that were chosen. One in
 * which anything of a node is already is left as it is; a key that was imported before is used.
 *
 * @param flags the settings, by the path of the key
 * @throws MeshError ERR_CONFIG; ERR_INITIALISED: names what is there; ERR_DATA_FOLDER, ERR_FILE, and the errors of
 * the keys
 */
export async function initFolder(
  dataDir: string,
  flags: ConfigFlags,
  prompt?: PassphrasePrompt,
): Promise<InitialFolder> {
  const source = flagSource(flags)
  const { read } = mergeSources([source], dataDir)
  const folder = dataFolder(dataDir)
  await refuseUsed(folder, dataDir)
  await openDataFolder(dataDir)
  const hasKeys = (await keyStore(folder).list()).length > 0
  const found = (await filesThere(folder)).filter((path) => path !== folder.keys || hasKeys)
  const { pastelId } = await openIdentity(folder, { prompt })
  await openNodeKey(folder.nodeKey)
  await write(folder.members, MEMBERS)
  // Last: a folder that has it has all the rest.
  const chosen = new Map([...source.settings].map(([path, { value }]) => [path, value]))
  await write(folder.config, yamlTemplate(chosen))
  return { folder, pastelId, apiListen: read.api.listen, found }
}

/** What of a folder's files is there. */
export async function filesThere(folder: DataFolder): Promise<string[]> {
  const paths: string[] = Object.values(folder)
  const found = await Promise.all(paths.map(isThere))
  return paths.filter((_, index) => found[index])
}

async function refuseUsed(folder: DataFolder, dataDir: string): Promise<void> {
  const keys = [folder.keys, folder.passphrase]
  const files = (await filesThere(folder)).filter((path) => !keys.includes(path))
  if (files.length === 0) return
  throw new MeshError(
    'ERR_INITIALISED',
    `${dataDir} has ${files.map((path) => path.slice(dataDir.length + 1)).join(', ')} already, and is left as it is: start the node, or name another folder with --data`,
  )
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeDurableFile(path, text, { mode: 0o600, overwrite: false })
  } catch (cause) {
    throw new MeshError('ERR_FILE', `the file ${path} cannot be written: ${explainFileError(cause)}`, {
      cause,
    })
  }
}
