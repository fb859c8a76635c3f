import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { isRoleName } from '@pastel-mesh/protocol'
import { TypedEventEmitter } from 'main-event'
import { FileWatch } from './file-watch.ts'
import { parseMembers, readMemberText, withMember, withoutMember, writeMemberText } from './member-file.ts'
import { MemberHistory } from './member-history.ts'
import { DEFAULT_ROLE, type Member, type MemberChange, type MemberRegistry } from './member-registry.ts'

export interface FileRegistryOptions {
  /**
   * Text file, one member a line: a PastelID and, after a space, optionally its role. `#` begins a comment.
   * A file that is not there has no members. Beside it, with `.history` behind its name, the node keeps who joined
   * and left when; by that it tells at the start a file that is lost from one that never listed anybody.
   */
  readonly path: string
  /** PastelIDs that are members whatever the file says: the node itself. */
  readonly always: readonly PastelId[]
  /** How often the file is looked at where the system tells nothing of changes, in ms. @default 2000 */
  readonly pollMs?: number
}

/** A registry whose members can be listed, added and removed. */
export type FileRegistry = Required<MemberRegistry>

/** A file that lists nobody any more may be about to be written: it counts if it still is so after that time. */
const NOBODY_AFTER_MS = 2_000

/** Members by a file, read at the start and whenever it changes. */
export function createFileRegistry(options: FileRegistryOptions): FileRegistry {
  return new MemberFileRegistry(options)
}

/**
 * ```
 *   new ── start() ──▶ watching ── the file changed, and is right ──▶ watching, with other members
 *                         │  ▲
 *                         └──┘ it changed, and is wrong or gone: an error, once; the members stay
 * ```
 */
class MemberFileRegistry implements FileRegistry {
  readonly #path: string
  readonly #always: ReadonlySet<PastelId>
  readonly #history: MemberHistory
  readonly #watch: FileWatch
  readonly #events = new TypedEventEmitter<{ change: CustomEvent<MemberChange>; error: CustomEvent<Error> }>()
  /** As the file lists them. */
  #members = new Map<PastelId, Member>()
  /** The text that they were read from; undefined: there was no file. */
  #text: string | undefined
  #isStarted = false
  /** The wrong text, or the error, that was told of. */
  #told: string | undefined
  #nobodySinceMs: number | undefined
  #again: NodeJS.Timeout | undefined
  /** One look or change at a time. */
  #running: Promise<unknown> = Promise.resolve()

  constructor({ path, always, pollMs }: FileRegistryOptions) {
    this.#path = path
    this.#always = new Set(always)
    this.#history = new MemberHistory({ path: `${path}.history` })
    this.#watch = new FileWatch(pollMs === undefined ? { path } : { path, pollMs }, {
      onChange: () => void this.#inTurn(() => this.#look()),
    })
  }

  /**
   * @throws MeshError ERR_MEMBER_FILE, ERR_MEMBER_HISTORY: names file, line and what is wrong; ERR_MEMBER_FILE also
   * if the file lists nobody, or is not there, and there were members when the node ran last
   */
  async start(): Promise<void> {
    await this.#inTurn(async () => {
      const text = await readMemberText(this.#path)
      const members = parseMembers(text ?? '', this.#path)
      if (!this.#isStarted) {
        await this.#history.load()
        this.#assertNotLost(text, members)
      }
      await this.#take(text, members)
      this.#isStarted = true
      await this.#watch.start()
      // It may have changed between the first look and the watch.
      await this.#look()
    })
  }

  async stop(): Promise<void> {
    await this.#watch.stop()
    clearTimeout(this.#again)
    await this.#running
  }

  memberAt(pastelId: PastelId, timeMs: number): Member | undefined {
    if (!this.#isStarted) return undefined
    const member = this.#history.tenures.memberAt(pastelId, timeMs)
    if (member !== undefined || !this.#always.has(pastelId)) return member
    return { pastelId, role: DEFAULT_ROLE }
  }

  members(): readonly Member[] {
    const others = [...this.#always].filter((pastelId) => !this.#members.has(pastelId))
    return [...this.#members.values(), ...others.map((pastelId) => ({ pastelId, role: DEFAULT_ROLE }))]
  }

  onChange(listener: (change: MemberChange) => void): () => void {
    const handler = ({ detail }: CustomEvent<MemberChange>) => listener(detail)
    this.#events.addEventListener('change', handler)
    return () => this.#events.removeEventListener('change', handler)
  }

  onError(listener: (error: Error) => void): () => void {
    const handler = ({ detail }: CustomEvent<Error>) => listener(detail)
    this.#events.addEventListener('error', handler)
    return () => this.#events.removeEventListener('error', handler)
  }

  reload(): Promise<MemberChange> {
    return this.#inTurn(async () => {
      const text = await this.#readText()
      const members = parseMembers(text ?? '', this.#path)
      if (text === this.#text || !this.#isToBeTaken(members)) return { joined: [], left: [] }
      return this.#take(text, members)
    })
  }

  add(pastelId: PastelId, role?: string): Promise<Member> {
    return this.#inTurn(async () => {
      if (role !== undefined && !isRoleName(role)) {
        const problem = `"${role.slice(0, 100)}" is no role: lower-case letters, digits and hyphens, 32 at most`
        throw new MeshError('ERR_ROLE_NAME', problem)
      }
      const text = (await readMemberText(this.#path)) ?? ''
      const before = parseMembers(text, this.#path).get(pastelId)
      const member = { pastelId, role: role ?? before?.role ?? DEFAULT_ROLE }
      await this.#replace(text, withMember(text, member))
      return member
    })
  }

  remove(pastelId: PastelId): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#always.has(pastelId)) {
        throw new MeshError('ERR_OWN_MEMBER', `${pastelId} is this node itself, which always is a member`)
      }
      const text = (await readMemberText(this.#path)) ?? ''
      if (!this.#isStarted) await this.#history.load()
      const { current } = this.#history.tenures
      if (!parseMembers(text, this.#path).has(pastelId) && !current.has(pastelId)) {
        throw new MeshError('ERR_UNKNOWN_MEMBER', `${pastelId} is not in the member file ${this.#path}`)
      }
      await this.#replace(text, withoutMember(text, pastelId))
      // Else the next start could not tell that the last one was removed on purpose.
      const member = current.get(pastelId)
      if (member !== undefined) await this.#history.take([{ kind: 'left', atMs: Date.now(), ...member }])
    })
  }

  /** All who left at once, by a file that is gone or empty: rather it was lost, or the wrong one is looked at. */
  #assertNotLost(text: string | undefined, members: ReadonlyMap<PastelId, Member>): void {
    if (members.size > 0) return
    const { current } = this.#history.tenures
    const lost = [...current.keys()].filter((pastelId) => !this.#always.has(pastelId)).length
    if (lost === 0) return
    const what = text === undefined ? 'is not there' : 'lists nobody'
    throw new MeshError(
      'ERR_MEMBER_FILE',
      `the member file ${this.#path} ${what}, and there were ${lost} members when the node ran last: restore the file; whoever is to leave is removed one by one while the node runs (pmesh members remove PASTELID); to begin with nobody, move ${this.#path}.history away as well`,
    )
  }

  async #replace(before: string, text: string): Promise<void> {
    if (text !== before) await writeMemberText(this.#path, text)
    // Whoever only edits the file, while no node runs on it, leaves it to the node to notice.
    if (this.#isStarted) await this.#take(text, parseMembers(text, this.#path))
  }

  /** The file may have changed. What is wrong with it is told once; the members stay as they were until it is right. */
  async #look(): Promise<void> {
    let text: string | undefined
    try {
      text = await this.#readText()
      const members = parseMembers(text ?? '', this.#path)
      this.#told = undefined
      if (text !== this.#text && this.#isToBeTaken(members)) await this.#take(text, members)
    } catch (error) {
      const what = text ?? (error as Error).message
      if (what === this.#told) return
      this.#told = what
      this.#tell(error as MeshError)
    }
  }

  async #readText(): Promise<string | undefined> {
    const text = await readMemberText(this.#path)
    if (text === undefined && this.#text !== undefined) {
      throw new MeshError('ERR_MEMBER_FILE', `the member file ${this.#path} is gone`)
    }
    return text
  }

  #isToBeTaken(members: ReadonlyMap<PastelId, Member>): boolean {
    const now = performance.now()
    if (members.size > 0 || this.#members.size === 0) return true
    this.#nobodySinceMs ??= now
    const restMs = this.#nobodySinceMs + NOBODY_AFTER_MS - now
    if (restMs <= 0) return true
    clearTimeout(this.#again)
    this.#again = setTimeout(() => void this.#inTurn(() => this.#look()), restMs)
    return false
  }

  async #take(text: string | undefined, members: Map<PastelId, Member>): Promise<MemberChange> {
    this.#text = text
    this.#members = members
    this.#nobodySinceMs = undefined
    const { change, written } = this.#history.become(members)
    // Not when it is on disk: who left is cut off even if the disk is full.
    if (change.joined.length + change.left.length > 0) {
      this.#events.safeDispatchEvent('change', { detail: change })
    }
    await written
    return change
  }

  #tell(error: MeshError): void {
    const message = `${error.message}; the members stay as they were until it is right`
    const isOfFile = error.code === 'ERR_MEMBER_FILE'
    const detail = isOfFile ? new MeshError(error.code, message, { cause: error }) : error
    this.#events.safeDispatchEvent('error', { detail })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#running.then(act)
    this.#running = turn.catch(() => {})
    return turn
  }
}
