import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { explainFileError } from '@pastel-mesh/identity'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import { dataFolder } from '../data-folder.ts'
import { openToOthers } from '../pasteld/open-to-others.ts'
import { pmeshCommand, quoted } from '../pmesh-command.ts'
import type { Check, Finding } from './check.ts'

/** Whether the data folder can be used, and whether what is secret in it is only its owner's. */
export const folderCheck: Check = {
  name: 'data folder',
  timeoutMs: 5_000,
  async run({ dataDir, config }) {
    const found = await stat(dataDir).catch((error: NodeJS.ErrnoException) => error)
    if (found instanceof Error) return [await missing(dataDir, found)]
    if (!found.isDirectory()) {
      return [
        {
          state: 'failed',
          message: `${dataDir} is no folder`,
          advice: 'name another with --data or PMESH_DATA',
        },
      ]
    }
    try {
      await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    } catch (error) {
      return [
        {
          state: 'failed',
          message: `${dataDir} cannot be used: ${explainFileError(error)}`,
          advice: `as root: chown -R ${process.getuid?.() ?? 'USER'} ${quoted(dataDir)}; or run this as the user who runs the node`,
        },
      ]
    }
    return [usable(dataDir, found), ...(await secrets(dataDir, found.uid, config?.pasteld))]
  },
}

async function missing(dataDir: string, error: NodeJS.ErrnoException): Promise<Finding> {
  if (error.code !== 'ENOENT') {
    return {
      state: 'failed',
      message: `${dataDir} cannot be looked at: ${explainFileError(error)}`,
      advice: 'name another with --data or PMESH_DATA, or run this as the user who runs the node',
    }
  }
  return {
    state: 'failed',
    message: `there is no folder ${dataDir}`,
    advice: `make it with "${pmeshCommand('init', dataDir)}", or name the node's with --data or PMESH_DATA`,
  }
}

function usable(dataDir: string, { uid, mode }: { uid: number; mode: number }): Finding {
  const measured = { path: dataDir, mode: modeOf(mode), uid }
  const self = process.getuid?.() ?? uid
  if (uid !== self) {
    return {
      state: 'warning',
      message: `${dataDir} is user ${uid}'s, and this is user ${self}: what a start by this user makes the other cannot use`,
      advice: `run pmesh as that user: sudo -u '#${uid}' pmesh doctor --data ${quoted(dataDir)}`,
      measured,
    }
  }
  if ((mode & 0o022) !== 0) {
    return {
      state: 'warning',
      message: `others may write to ${dataDir} (mode ${modeOf(mode)}): they could put their keys into it`,
      advice: `chmod 700 ${quoted(dataDir)}`,
      measured,
    }
  }
  return { state: 'ok', message: `${dataDir}, mode ${modeOf(mode)}, can be written`, measured }
}

/** What of the folder nobody else is to read. */
async function secrets(
  dataDir: string,
  owner: number,
  pasteld: CheckedPasteld | undefined,
): Promise<Finding[]> {
  const folder = dataFolder(dataDir)
  const keys = await readdir(folder.keys).catch(() => [])
  const paths = [...keys.map((name) => join(folder.keys, name)), folder.passphrase, folder.nodeKey]
  const found: Finding[] = (pasteld === undefined ? [] : await openToOthers(pasteld))
    .filter(({ path }) => !paths.includes(path))
    .map(({ path, mode }) => ({
      state: 'warning',
      message: `others may read ${path} (mode ${mode})`,
      advice: `chmod 600 ${quoted(path)}`,
      subject: path,
      measured: { mode },
    }))
  let count = 0
  for (const path of paths) {
    const file = await stat(path).catch((error: NodeJS.ErrnoException) => error)
    if (file instanceof Error) {
      if (file.code === 'ENOENT') continue
      found.push({
        state: 'failed',
        message: `${path} cannot be looked at: ${explainFileError(file)}`,
        advice: `chmod 700 ${quoted(dirname(path))}`,
      })
      continue
    }
    count += 1
    if ((file.mode & 0o077) !== 0) {
      found.push({
        state: 'warning',
        message: `others may read ${path} (mode ${modeOf(file.mode)})`,
        advice: `chmod 600 ${quoted(path)}`,
        subject: path,
        measured: { mode: modeOf(file.mode), uid: file.uid },
      })
    } else if (file.uid !== owner) {
      found.push({
        state: 'failed',
        message: `${path} is user ${file.uid}'s, and the folder user ${owner}'s: the node cannot read it`,
        advice: `as root: chown ${owner} ${quoted(path)}`,
        subject: path,
        measured: { mode: modeOf(file.mode), uid: file.uid },
      })
    }
  }
  if (found.length > 0) return found
  if (count === 0) return [{ state: 'ok', message: 'no keys yet: the first start makes them' }]
  return [
    {
      state: 'ok',
      message: `${count} ${count === 1 ? 'file' : 'files'} with keys or the passphrase, for the owner only`,
      measured: { files: count },
    },
  ]
}

function modeOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0')
}
