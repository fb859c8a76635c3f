import { readFile } from 'node:fs/promises'
import { isPastelId, MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
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
    const text = await readFile(path, 'utf8')
    if (text.length > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`)
    return text
  } catch (cause) {
    if ((cause as { code?: string }).code === 'ENOENT') return ''
    throw new MeshError(
      'ERR_MEMBER_FILE',
      `the member file ${path} cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

function parseMembers(text: string, path: string): Map<PastelId, Member> {
  const members = new Map<PastelId, Member>()
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*$/, '').trim().split(/\s+/)
    const [id = '', role = DEFAULT_ROLE] = words
    if (id === '') continue
    const problem = !isPastelId(id)
      ? `"${id.slice(0, 100)}" is not a PastelID`
      : words.length > 2 || !isRoleName(role)
        ? 'after the PastelID comes one role (lower-case letters, digits, hyphens) or nothing'
        : undefined
    if (problem !== undefined) {
      throw new MeshError('ERR_MEMBER_FILE', `${path}, line ${index + 1}: ${problem}`)
    }
    const pastelId = parsePastelId(id)
    members.set(pastelId, { pastelId, role })
  }
  return members
}
