import { readFile, stat } from 'node:fs/promises'
import { explainFileError, isPastelId, MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { DEFAULT_ROLE, type Member, type MemberRegistry } from './member-registry.ts'

export interface FileRegistryOptions {
  /**
   * Text file, one member a line: a PastelID and, after a space, optionally its role. `#` begins a comment.
   * A file that is not there has no members.
   */
  readonly path: string
  /** PastelIDs that are members whatever the file says: the node itself. */
  readonly always: readonly PastelId[]
}

/** Bytes of a member file at most: some 100,000 members. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Members by a file, read at the start. */
export function createFileRegistry(options: FileRegistryOptions): MemberRegistry {
  let members = new Map<PastelId, Member>()
  return {
    /** @throws MeshError ERR_MEMBER_FILE: names file, line and what is wrong */
    async start() {
      members = parseMembers(await readText(options.path), options.path)
      for (const pastelId of options.always) {
        if (!members.has(pastelId)) members.set(pastelId, { pastelId, role: DEFAULT_ROLE })
      }
    },
    async stop() {},
    memberAt: (pastelId) => members.get(pastelId),
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return ''
    const message = `the member file ${path} cannot be read: ${explainFileError(cause)}`
    throw new MeshError('ERR_MEMBER_FILE', message, { cause })
  }
}

function parseMembers(text: string, path: string): Map<PastelId, Member> {
  const members = new Map<PastelId, Member>()
  for (const [index, line] of text.split('\n').entries()) {
    const [content = ''] = line.split('#')
    const words = content.trim().split(/\s+/)
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
