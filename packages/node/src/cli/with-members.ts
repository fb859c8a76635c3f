import { MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import type { FileRegistry } from '@pastel-mesh/sdk-node'
import type { CheckedConfig } from '../config/checked-config.ts'
import { loadConfig } from '../config/load-config.ts'
import type { ControlClient } from '../control-client.ts'
import { type DataFolder, dataFolder } from '../data-folder.ts'
import { keyStore } from '../key-store.ts'
import { warn } from './output.ts'
import { withClient } from './with-client.ts'

interface Member {
  readonly pastelId: string
  readonly role: string
}

/** Who may take part in the node of a data folder. */
interface Members {
  list(): Promise<{ readonly isOpen: boolean; readonly members: readonly Member[] }>
  /** @returns with the role that it had before, if it was a member already */
  add(member: {
    readonly pastelId: string
    readonly role?: string | undefined
  }): Promise<Member & { readonly before?: string | undefined }>
  remove(pastelId: string): Promise<void>
}

/**
 * Works on the members of a node: through it if it runs, in its file if it does not.
 * @throws MeshError ERR_MEMBER_FILE, ERR_OPEN_MEMBERS, ERR_FIXED_MEMBERS, ERR_UNKNOWN_MEMBER, ERR_OWN_MEMBER, ERR_ROLE_NAME
 */
export async function withMembers<T>(
  dataDir: string,
  asJson: boolean,
  act: (members: Members) => Promise<T>,
): Promise<T> {
  try {
    return await withClient(dataDir, (api) => act(ofNode(api)))
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_NO_NODE')) throw error
  }
  const folder = dataFolder(dataDir)
  const result = await act(await ofFile(dataDir, folder))
  if (!asJson) warn(`no node runs: this is about the file ${folder.members}, which it reads when it starts`)
  return result
}

function ofNode(api: ControlClient['api']): Members {
  const { list, add, remove } = api.admin.members
  return {
    async list() {
      const members: Member[] = []
      for (;;) {
        const page = await list.query({ offset: members.length })
        members.push(...page.members)
        if (page.members.length === 0 || members.length >= page.size) return { isOpen: page.isOpen, members }
      }
    },
    add: (member) => add.mutate(member),
    remove: (pastelId) => remove.mutate({ pastelId }),
  }
}

async function ofFile(dataDir: string, folder: DataFolder): Promise<Members> {
  const by = await membersOf(dataDir)
  const isOpen = by === 'open'
  // Of several keys only a start says which one is the node's.
  const own = await keyStore(folder).list()
  // Only now: it takes all of libp2p with it.
  const { checkMemberFile, createFileRegistry } = await import('@pastel-mesh/sdk-node')
  const registry = (): FileRegistry => {
    if (by === 'file')
      return createFileRegistry({ path: folder.members, always: own.length === 1 ? own : [] })
    if (by === 'pasteld') throw fixed()
    throw new MeshError(
      'ERR_OPEN_MEMBERS',
      'anybody may take part, with any key: "members" of the configuration is "open", and nobody can be added or removed',
    )
  }
  const listed = async (): Promise<Member[]> => {
    const inFile = await checkMemberFile(folder.members)
    const others = own.length === 1 ? own.filter((name) => !inFile.some((one) => one.pastelId === name)) : []
    return [...inFile, ...others.map((pastelId) => ({ pastelId, role: 'member' }))]
  }
  return {
    list: async () => {
      if (by === 'pasteld') throw fixed()
      return { isOpen, members: isOpen ? [] : await listed() }
    },
    async add({ pastelId, role }) {
      const members = registry()
      const before = (await listed()).find((member) => member.pastelId === pastelId)?.role
      return { ...(await members.add(named(pastelId), role)), before }
    },
    remove: async (pastelId) => registry().remove(named(pastelId)),
  }
}

/** What a start without flags would do; what is wrong with the settings is not this command's to say. */
async function membersOf(dataDir: string): Promise<CheckedConfig['members']> {
  return await loadConfig({
    flags: {},
    env: process.env,
    cwd: process.cwd(),
    dataDir,
    configFile: undefined,
  }).then(
    ({ config }) => config.members,
    () => 'file',
  )
}

function fixed(): MeshError {
  return new MeshError(
    'ERR_FIXED_MEMBERS',
    'the members are the supernodes that the Pastel core lists: "members" of the configuration is "pasteld", and nobody can be added or removed here; a node that runs lists them; who is not among them is not ENABLED in the list of this core: "pmesh pasteld status"',
  )
}

function named(pastelId: string): PastelId {
  return parsePastelId(pastelId)
}
