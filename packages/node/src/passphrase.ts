import { randomBytes } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { explainFileError, MeshError, writeDurableFile } from '@pastel-mesh/identity'
import { quoted } from './pmesh-command.ts'

export interface Passphrase {
  readonly text: string
  /** Where it comes from: for the message that it is wrong. */
  readonly source: string
}

/** Asks somebody, who does not see what he types, and gives what he typed. */
export type PassphrasePrompt = (question: string) => Promise<string>

/** Where a passphrase is looked for, in this order; never in the arguments of a command, which others can see. */
export interface PassphraseSources {
  /** A file that the caller names. */
  readonly file?: string | undefined
  /** What he names it with, for the message that there is none. @default he cannot */
  readonly flag?: string
  /** A variable of the environment; one with `_FILE` behind it names a file. @default PMESH_PASSPHRASE */
  readonly variable?: string
  /** A file that need not be there: the one of the data folder. */
  readonly kept?: string | undefined
  /** Somebody who can be asked. */
  readonly prompt?: PassphrasePrompt | undefined
}

/** Longer than this is not a passphrase, but a file that was named by mistake. */
const MAX_FILE_BYTES = 4096
const TERMINAL = 'the terminal'

/** The flag of the commands that take a file with the passphrase. */
export const PASSPHRASE_FLAG = '--passphrase-file'

/**
 * The passphrase of something that is there.
 *
 * @param what whose it is, for question and message: `the key file …`
 * @throws MeshError ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_FILE, ERR_PASSPHRASE_EMPTY; what the prompt throws
 */
export async function findPassphrase(what: string, sources: PassphraseSources): Promise<Passphrase> {
  const found = await lookUp(sources)
  if (found !== undefined) return found
  if (sources.prompt === undefined) throw missing(what, sources)
  return checked({ text: await sources.prompt(`Passphrase of ${what}: `), source: TERMINAL })
}

/**
 * The passphrase of something that is about to be made. Who is asked for it is asked twice.
 *
 * @param what whose it will be
 * @param makeAt a file in which a random one is put if there is none, and nobody wants to choose it. @default none is
 * made
 * @throws MeshError as {@link findPassphrase}; ERR_PASSPHRASE_DIFFERS
 */
export async function findNewPassphrase(
  what: string,
  sources: PassphraseSources,
  makeAt?: string,
): Promise<Passphrase> {
  const found = await lookUp(sources)
  if (found !== undefined) return found
  const { prompt } = sources
  if (prompt !== undefined) {
    const hint = makeAt === undefined ? '' : ` (empty: a random one, kept in ${makeAt})`
    const text = await prompt(`New passphrase of ${what}${hint}: `)
    if (text !== '' || makeAt === undefined) {
      const passphrase = checked({ text, source: TERMINAL })
      if ((await prompt('The same once more: ')) === text) return passphrase
      throw new MeshError('ERR_PASSPHRASE_DIFFERS', 'the two passphrases are not the same: try again')
    }
  }
  if (makeAt === undefined) throw missing(what, sources)
  return await makePassphrase(makeAt)
}

/** The error of a wrong passphrase with where that came from; every other error as it is. */
export function explainWrong(error: unknown, { source }: Passphrase): unknown {
  if (!hasCode(error, 'ERR_KEY_FILE_PASSPHRASE')) return error
  const { message } = error as Error
  return new MeshError('ERR_KEY_FILE_PASSPHRASE', `${message}; it came from ${source}`, { cause: error })
}

/**
 * What stands before a command for it to find the passphrase where this one was; empty if it does anyway, or asks.
 * @example
 * givesAgain({ text: '…', source: '/media/stick/word' }) // PMESH_PASSPHRASE_FILE=/media/stick/word
 */
export function givesAgain({ source }: Passphrase): string {
  const { PMESH_PASSPHRASE: text, PMESH_PASSPHRASE_FILE: named } = process.env
  if (source === TERMINAL || source === 'PMESH_PASSPHRASE') return ''
  if (source === 'PMESH_NEW_PASSPHRASE') return `PMESH_PASSPHRASE="$${source}" `
  return source === named && text === undefined ? '' : `PMESH_PASSPHRASE_FILE=${quoted(source)} `
}

async function lookUp(sources: PassphraseSources): Promise<Passphrase | undefined> {
  const { file, variable = 'PMESH_PASSPHRASE', kept } = sources
  if (file !== undefined) return checked(await readNamed(file))
  const text = process.env[variable]
  if (text !== undefined) return checked({ text, source: variable })
  const named = process.env[`${variable}_FILE`]
  // As with most programs, an empty name is none.
  if (named !== undefined && named !== '') return checked(await readNamed(named))
  const found = kept === undefined ? undefined : await readPassphraseFile(kept)
  return found === undefined ? undefined : checked({ text: found, source: kept as string })
}

function checked(passphrase: Passphrase): Passphrase {
  if (passphrase.text !== '') return passphrase
  throw new MeshError(
    'ERR_PASSPHRASE_EMPTY',
    `the passphrase in ${passphrase.source} is empty: it protects nothing`,
  )
}

function missing(what: string, sources: PassphraseSources): MeshError {
  const { flag, variable = 'PMESH_PASSPHRASE', kept } = sources
  const named = [...(flag === undefined ? [] : [flag]), `${variable}_FILE`].map(
    (name) => `the file that ${name} names`,
  )
  const places = [variable, ...named, ...(kept === undefined ? [] : [kept])]
  return new MeshError(
    'ERR_PASSPHRASE_MISSING',
    `the passphrase of ${what} is in none of its places, and there is no terminal to ask on: put it into one of ${places.join(', ')}`,
  )
}

async function readNamed(path: string): Promise<Passphrase> {
  const text = await readPassphraseFile(path)
  if (text !== undefined) return { text, source: path }
  throw new MeshError('ERR_PASSPHRASE_FILE', `there is no passphrase file ${path}: make it, or name another`)
}

/** Without the end of its line. */
async function readPassphraseFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`)
    const bytes = await readFile(path)
    // Key files take its bytes: text that was mended in reading would be another passphrase.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const [line = '', ...others] = text.replace(/\r?\n$/, '').split('\n')
    // A first line alone, or all of them: whichever was meant, the other would be another passphrase.
    if (others.length > 0) {
      throw new Error(`it has ${others.length + 1} lines: leave only the one that is the passphrase`)
    }
    return line
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return undefined
    throw fileError(path, 'read', cause)
  }
}

async function makePassphrase(path: string): Promise<Passphrase> {
  const text = randomBytes(24).toString('base64url')
  try {
    await writeDurableFile(path, `${text}\n`, { mode: 0o600, overwrite: false })
    return { text, source: path }
  } catch (cause) {
    // Another process was faster.
    if (hasCode(cause, 'EEXIST')) return checked(await readNamed(path))
    throw fileError(path, 'written', cause)
  }
}

function fileError(path: string, done: string, cause: unknown): MeshError {
  const message = `the passphrase file ${path} cannot be ${done}: ${explainFileError(cause)}`
  return new MeshError('ERR_PASSPHRASE_FILE', message, { cause })
}

function hasCode(error: unknown, code: string): boolean {
  return (error as { code?: string }).code === code
}
