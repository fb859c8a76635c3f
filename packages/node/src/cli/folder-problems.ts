import { stat } from 'node:fs/promises'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import type { CheckedConfig } from '../config/checked-config.ts'
import type { ConfigProblem } from '../config/config-error.ts'
import { type ConfigPlaces, dataDirSetting, findDataDir } from '../config/load-config.ts'
import { type DataFolder, dataFolder, isThere } from '../data-folder.ts'
import { findKey } from '../open-identity.ts'
import { pmeshCommand } from '../pmesh-command.ts'

/**
 * What is wrong with the data folder that a configuration names, and with the keys and the member file in it. A start makes a folder
 * that is not there; whoever checks one probably meant another.
 * @param config what the configuration says, if it is right as far as that goes; else keys are not looked at
 * @throws MeshError ERR_CONFIG
 */
export async function folderProblems(
  places: ConfigPlaces,
  config: Pick<CheckedConfig, 'members' | 'identity' | 'pasteld'> | undefined,
): Promise<ConfigProblem[]> {
  const dataDir = findDataDir(places)
  const { text: value, origin } = dataDirSetting(places)
  const reason = await whyUnusable(dataDir)
  if (reason !== undefined) return [{ key: 'data', value, origin, reason }]
  const folder = dataFolder(dataDir)
  return [
    // Of a node for which the core signs there is no key.
    ...(config === undefined || config.pasteld?.signer !== undefined
      ? []
      : await keyProblems(folder, config.identity)),
    ...(config === undefined || config.members === 'file' ? await memberProblems(folder) : []),
  ]
}

/** Whether a start would find the key that it is to use; which passphrase opens it shows only then. */
async function keyProblems(folder: DataFolder, identity: string | undefined): Promise<ConfigProblem[]> {
  try {
    await findKey(folder, identity)
    return []
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    return [{ reason: error.message }]
  }
}

async function memberProblems({ members }: DataFolder): Promise<ConfigProblem[]> {
  if (!(await isThere(members))) return []
  // Only now: it takes all of libp2p with it.
  const { checkMemberFile } = await import('@pastel-mesh/sdk-node')
  try {
    await checkMemberFile(members)
    return []
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    return [{ reason: error.message }]
  }
}

async function whyUnusable(dataDir: string): Promise<string | undefined> {
  try {
    if ((await stat(dataDir)).isDirectory()) return undefined
    return 'it is no folder: name another'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return explainFileError(error)
    return `there is no such folder: make it with "${pmeshCommand('init', dataDir)}", or name another`
  }
}
