import { access } from 'node:fs/promises'
import { MeshError } from '@pastel-mesh/identity'
import { type DataFolder, dataFolder, isThere } from '../data-folder.ts'
import { keyStore } from '../key-store.ts'
import { chooseIdentity } from '../open-identity.ts'
import {
  explainWrong,
  findNewPassphrase,
  findPassphrase,
  givesAgain,
  PASSPHRASE_FLAG,
  type Passphrase,
} from '../passphrase.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import { table } from '../table.ts'
import { json, print } from './output.ts'
import { terminalPrompt } from './terminal-prompt.ts'

export interface IdFileRequest {
  readonly dataDir: string
  /** The file to read from, or to write to. */
  readonly file: string
  /** The PastelID to export. @default the only one */
  readonly identity?: string | undefined
  readonly passphraseFile?: string | undefined
  /** Encrypt it under another passphrase. */
  readonly isRenewed: boolean
  readonly asJson: boolean
}

/** Takes a key file into a data folder. */
export async function importIdentity(request: IdFileRequest): Promise<void> {
  const { dataDir, file } = request
  // Before anything is made, or a passphrase asked for.
  await access(file).catch((cause) => {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    if (isMissing) {
      throw new MeshError('ERR_KEY_FILE_MISSING', `there is no key file at ${file}: check its name`, {
        cause,
      })
    }
  })
  const folder = dataFolder(dataDir)
  const keys = keyStore(folder)
  // Somebody who can be asked knows it better than the folder, whose passphrase is that of other keys.
  const prompt = terminalPrompt()
  const kept = prompt === undefined ? folder.passphrase : undefined
  const passphrase = await findPassphrase(file, {
    file: request.passphraseFile,
    flag: PASSPHRASE_FLAG,
    kept,
    prompt,
  })
  const newPassphrase = await findRenewed(request, file)
  try {
    const pastelId = await keys.importFile(file, passphrase.text, { newPassphrase: newPassphrase?.text })
    const steps = await nextSteps(pastelId, request, { folder, passphrase: newPassphrase ?? passphrase })
    tell({ pastelId, file: keys.pathOf(pastelId), ...steps }, request.asJson)
  } catch (error) {
    throw explainWrong(error, passphrase)
  }
}

/** Writes a copy of a key file for another program, or for a safe place. */
export async function exportIdentity(request: IdFileRequest): Promise<void> {
  const { dataDir, file, identity } = request
  const folder = dataFolder(dataDir)
  const keys = keyStore(folder)
  const how = 'name the one to export before FILE'
  const pastelId = await chooseIdentity(keys, { folder: folder.keys, identity, how })
  const sources = {
    file: request.passphraseFile,
    flag: PASSPHRASE_FLAG,
    kept: folder.passphrase,
    prompt: terminalPrompt(),
  }
  const passphrase = await findPassphrase(`the key file ${keys.pathOf(pastelId)}`, sources)
  const newPassphrase = await findRenewed(request, 'the copy')
  try {
    const copy = await keys.exportFile(pastelId, file, passphrase.text, {
      newPassphrase: newPassphrase?.text,
    })
    tell({ pastelId, file: copy }, request.asJson)
  } catch (error) {
    throw explainWrong(error, passphrase)
  }
}

async function findRenewed({ isRenewed }: IdFileRequest, what: string): Promise<Passphrase | undefined> {
  if (!isRenewed) return undefined
  const sources = { variable: 'PMESH_NEW_PASSPHRASE', prompt: terminalPrompt() }
  return findNewPassphrase(what, sources)
}

/** What is to be done before a node runs with a key that was taken in. */
async function nextSteps(
  pastelId: string,
  { dataDir }: IdFileRequest,
  { folder, passphrase: given }: { readonly folder: DataFolder; readonly passphrase: Passphrase },
) {
  const isOnly = (await keyStore(folder).list()).length === 1
  const isMade = await isThere(folder.config)
  const next = isOnly
    ? pmeshCommand(isMade ? 'start' : 'init', dataDir)
    : pmeshCommand(`start --identity ${pastelId}`, dataDir)
  if (await isThere(folder.passphrase)) return { next }
  const passphrase = `the node needs it at each start: PMESH_PASSPHRASE, PMESH_PASSPHRASE_FILE, ${folder.passphrase}, or the terminal`
  return { next: `${givesAgain(given)}${next}`, passphrase }
}

/** What of a key file that was moved is to be known. */
interface Moved {
  readonly pastelId: string
  readonly file: string
  /** Where the passphrase is to be for a start. */
  readonly passphrase?: string
  /** The command that comes next. */
  readonly next?: string
}

function tell(moved: Moved, asJson: boolean): void {
  const { pastelId, file, passphrase, next } = moved
  const rows = [
    ['PastelID', pastelId],
    ['file', file],
    ...(passphrase === undefined ? [] : [['passphrase', passphrase]]),
    ...(next === undefined ? [] : [['next', next]]),
  ]
  print(asJson ? json({ pastelId, file, ...(next === undefined ? {} : { next }) }, 2) : table(rows))
}
