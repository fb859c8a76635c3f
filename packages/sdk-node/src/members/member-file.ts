import { readFile, realpath, stat } from 'node:fs/promises'
import {
  explainFileError,
  isPastelId,
  MeshError,
  type PastelId,
  parsePastelId,
  writeDurableFile,
} from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { DEFAULT_ROLE, type Member } from './member-registry.ts'

/** Bytes of a member file at most: some 100,000 members. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Permissions of a member file that is made. */
const FILE_MODE = 0o600

/** @returns the text; undefined: there is no such file. @throws MeshError ERR_MEMBER_FILE */
export async function readMemberText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return undefined
    const message = `the member file ${path} cannot be read: ${explainFileError(cause)}`
    throw new MeshError('ERR_MEMBER_FILE', message, { cause })
  }
}

/**
 * The members that a file lists, which can be used; changes nothing. A file that is not there lists nobody.
 * @throws MeshError ERR_MEMBER_FILE: names file, line and what is wrong
 */
export async function checkMemberFile(path: string): Promise<Member[]> {
  return [...parseMembers((await readMemberText(path)) ?? '', path).values()]
}

/** Replaces the file, or makes it; on disk when it resolves. @throws MeshError ERR_MEMBER_FILE */
export async function writeMemberText(path: string, text: string): Promise<void> {
  try {
    // What a link leads to is replaced, and not the link; whoever may read it may go on to.
    const target = await realpath(path).catch(() => path)
    const mode = await stat(target).then(
      (stats) => stats.mode & 0o777,
      () => FILE_MODE,
    )
    await writeDurableFile(target, text, { mode, overwrite: true })
  } catch (cause) {
    const message = `the member file ${path} cannot be written: ${explainFileError(cause)}`
    throw new MeshError('ERR_MEMBER_FILE', message, { cause })
  }
}

/** @throws MeshError ERR_MEMBER_FILE: names file, line and what is wrong */
export function parseMembers(text: string, path: string): Map<PastelId, Member> {
  const members = new Map<PastelId, Member>()
  for (const [index, line] of text.split('\n').entries()) {
    const words = wordsOf(line)
    const [id = '', role = DEFAULT_ROLE] = words
    if (id === '') continue
    const fail = (problem: string): never => {
      throw new MeshError('ERR_MEMBER_FILE', `${path}, line ${index + 1}: ${problem}`)
    }
    if (!isPastelId(id)) fail(`"${id.slice(0, 100)}" is not a PastelID`)
    if (words.length > 2 || !isRoleName(role)) {
      fail('after the PastelID comes one role (lower-case letters, digits, hyphens) or nothing')
    }
    const pastelId = parsePastelId(id)
    const before = members.get(pastelId)
    if (before !== undefined && before.role !== role) fail(`the member is listed above as ${before.role}`)
    members.set(pastelId, { pastelId, role })
  }
  return members
}

/** The text with a member, in its place if it is there already, else at the end; all else stays as it is. */
export function withMember(text: string, { pastelId, role }: Member): string {
  const entry = role === DEFAULT_ROLE ? pastelId : `${pastelId} ${role}`
  let isThere = false
  const lines = text.split('\n').map((line) => {
    const [id, before = DEFAULT_ROLE] = wordsOf(line)
    if (id !== pastelId) return line
    isThere = true
    if (before === role) return line
    const comment = line.indexOf('#')
    return comment === -1 ? `${entry}${line.endsWith('\r') ? '\r' : ''}` : `${entry} ${line.slice(comment)}`
  })
  if (isThere) return lines.join('\n')
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${entry}\n`
}

/** The text without a member's lines, and the comments on them. */
export function withoutMember(text: string, pastelId: PastelId): string {
  return text
    .split('\n')
    .filter((line) => wordsOf(line)[0] !== pastelId)
    .join('\n')
}

function wordsOf(line: string): string[] {
  const [content = ''] = line.split('#')
  return content.trim().split(/\s+/)
}
