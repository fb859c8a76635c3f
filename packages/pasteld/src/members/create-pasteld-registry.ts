import { MeshError, type PastelId } from '@pastel-mesh/identity'
import {
  DEFAULT_ROLE,
  type Member,
  type MemberChange,
  MemberHistory,
  type MemberRegistry,
  memberChange,
} from '@pastel-mesh/sdk-node'
import { TypedEventEmitter } from 'main-event'
import { type AddressHint, addressHintsOf } from '../supernodes/address-hints.ts'
import type { Supernode, SupernodeDirectory } from '../supernodes/supernode.ts'
import { assertRoles, membersOf, type RoleRules } from './members-of.ts'

export interface PasteldRegistryOptions {
  /** The file in which it is kept who was a member when. */
  readonly historyPath: string
  /** PastelIDs that are members whatever the core says: the node itself. */
  readonly always: readonly PastelId[]
  /** Supernodes of these statuses are members. @default ['ENABLED', 'PRE_ENABLED'] */
  readonly statuses?: readonly string[]
  /**
   * Who has which role, such as `{ validator: { maxRank: 10 } }`; the first that fits.
   * @default {}: everybody is `member`
   */
  readonly roles?: RoleRules
  /** A list that is older than this is refused, in ms: only those of `always` are members then. @default 86400000 */
  readonly maxAgeMs?: number
  /** How old the list is, in ms, when it is told that it is not renewed any more. @default 120000 */
  readonly tellAfterMs?: number
  /** How often the age is looked at, in ms. @default 5000 */
  readonly checkMs?: number
}

export interface PasteldRegistryComponents {
  /** Started and stopped by its owner, before and after the registry. */
  readonly directory: Pick<SupernodeDirectory, 'supernodes' | 'readAtMs' | 'problem' | 'refresh' | 'onChange'>
}

/** Members by the supernodes that a core lists; they cannot be added or removed here. */
export interface PasteldRegistry
  extends Required<Omit<MemberRegistry, 'add' | 'remove'>>,
    Pick<MemberRegistry, 'add' | 'remove'> {
  /** Whether the last list is too old, or there is none: only those of `always` are members. */
  readonly isRefused: boolean
  /** Where members may be reached, as they registered it with the core: a beginning for a node that knows nobody. */
  addressHints(): AddressHint[]
}

const STATUSES = ['ENABLED', 'PRE_ENABLED']
/** A core may be down for a night; who left the network since is not a member for longer than that. */
const MAX_AGE_MS = 86_400_000
/** A core that is started again is nothing to tell of. */
const TELL_AFTER_MS = 120_000
const CHECK_MS = 5_000

/**
 * A member registry that follows the core's list of supernodes: the PastelID of each whose status counts is a member, at
 * once when the directory has read it, and stays one while the core is down, until the list is too old.
 *
 * @throws MeshError ERR_ROLE_NAME
 * @example
 * import { createPasteldClient, createPasteldRegistry, createSupernodeDirectory, findPasteldConfig } from '@pastel-mesh/pasteld'
 *
 * const client = createPasteldClient(await findPasteldConfig())
 * const directory = createSupernodeDirectory({ path: './supernodes.json' }, { client })
 * await directory.start()
 * const registry = createPasteldRegistry({ historyPath: './members.history', always: [] }, { directory })
 * await registry.start()
 * console.log(registry.members())
 */
export function createPasteldRegistry(
  options: PasteldRegistryOptions,
  components: PasteldRegistryComponents,
): PasteldRegistry {
  return new SupernodeRegistry(options, components)
}

/**
 * ```
 *   new ── start() ──▶ following ◀── a list was read ── refused: only `always` are members
 *                          └──── the list is too old ─────▶┘
 * ```
 * What is refused is not written to the history: whoever was a member when the core went away was one all the time if
 * it is one when the core is back.
 */
class SupernodeRegistry implements PasteldRegistry {
  readonly #directory: PasteldRegistryComponents['directory']
  readonly #always: ReadonlySet<PastelId>
  readonly #statuses: ReadonlySet<string>
  readonly #roles: RoleRules
  readonly #maxAgeMs: number
  readonly #tellAfterMs: number
  readonly #checkMs: number
  readonly #history: MemberHistory
  readonly #events = new TypedEventEmitter<{ change: CustomEvent<MemberChange>; error: CustomEvent<Error> }>()
  #isRefused = true
  #starting: Promise<void> | undefined
  #unfollow: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #written: Promise<void> = Promise.resolve()
  /** The problem that was told of. */
  #told: string | undefined

  constructor(options: PasteldRegistryOptions, { directory }: PasteldRegistryComponents) {
    const { historyPath, always, statuses = STATUSES, roles = {} } = options
    assertRoles(roles)
    this.#directory = directory
    this.#always = new Set(always)
    this.#statuses = new Set(statuses)
    this.#roles = roles
    this.#maxAgeMs = options.maxAgeMs ?? MAX_AGE_MS
    this.#tellAfterMs = options.tellAfterMs ?? TELL_AFTER_MS
    this.#checkMs = options.checkMs ?? CHECK_MS
    this.#history = new MemberHistory({ path: historyPath })
  }

  get isRefused(): boolean {
    return this.#isRefused
  }

  /** @throws MeshError ERR_MEMBER_HISTORY: names file, line and what is wrong */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  async stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#starting = undefined
    this.#unfollow?.()
    clearInterval(this.#timer)
    await this.#written
  }

  memberAt(pastelId: PastelId, timeMs: number): Member | undefined {
    const member = this.#isRefused ? undefined : this.#history.tenures.memberAt(pastelId, timeMs)
    if (member !== undefined || !this.#always.has(pastelId)) return member
    return { pastelId, role: DEFAULT_ROLE }
  }

  members(): readonly Member[] {
    const listed = this.#listed()
    const others = [...this.#always].filter((pastelId) => !listed.has(pastelId))
    return [...listed.values(), ...others.map((pastelId) => ({ pastelId, role: DEFAULT_ROLE }))]
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

  /** @throws PasteldError: the core was not reached, or its list is not believed; then nothing has changed */
  async reload(): Promise<MemberChange> {
    const before = new Map(this.#listed())
    await this.#directory.refresh()
    this.#take()
    return memberChange(before, this.#listed())
  }

  addressHints(): AddressHint[] {
    return this.#isRefused ? [] : addressHintsOf(this.#counting())
  }

  async #start(): Promise<void> {
    await this.#history.load()
    this.#take()
    this.#unfollow = this.#directory.onChange(() => this.#take())
    this.#timer = setInterval(() => this.#check(), this.#checkMs)
  }

  /** Members by the list, whatever `always` says. */
  #listed(): ReadonlyMap<PastelId, Member> {
    return this.#isRefused ? new Map() : this.#history.tenures.current
  }

  #counting(): Supernode[] {
    return this.#directory.supernodes().filter(({ status }) => this.#statuses.has(status))
  }

  /** Takes the directory's list, if it has one. */
  #take(): void {
    const before = new Map(this.#listed())
    if (this.#directory.readAtMs !== undefined) {
      const { written } = this.#history.become(membersOf(this.#counting(), this.#roles))
      this.#written = written.catch((error: Error) => {
        this.#events.safeDispatchEvent('error', { detail: error })
      })
    }
    this.#look(before)
  }

  /** The age of the list may have come to its limit, or a newer one be there that says the same. */
  #check(): void {
    this.#look(this.#listed())
    this.#tell()
  }

  #look(before: ReadonlyMap<PastelId, Member>): void {
    const { readAtMs } = this.#directory
    this.#isRefused = readAtMs === undefined || Date.now() - readAtMs > this.#maxAgeMs
    const { joined, left } = memberChange(before, this.#listed())
    const change = { joined, left: left.filter(({ pastelId }) => !this.#always.has(pastelId)) }
    // Not when it is on disk: who left is cut off even if the disk is full.
    if (change.joined.length + change.left.length > 0) {
      this.#events.safeDispatchEvent('change', { detail: change })
    }
  }

  /** Says once that the list is not renewed any more, and once that it is refused. */
  #tell(): void {
    const { problem, readAtMs } = this.#directory
    const isLate = problem !== undefined && Date.now() - (readAtMs ?? 0) >= this.#tellAfterMs
    const what = this.#isRefused ? 'refused' : isLate ? 'late' : undefined
    if (what === this.#told) return
    this.#told = what
    if (what === undefined) return
    const last =
      readAtMs === undefined ? 'was never read' : `was read last ${new Date(readAtMs).toISOString()}`
    const hours = Math.round(this.#maxAgeMs / 360_000) / 10
    const then = this.#isRefused
      ? 'nobody but this node is a member until it is'
      : `the members stay as they were; when it is ${hours} hours old, nobody but this node is one`
    const message = `the list of supernodes, which ${last}, is not renewed: ${then} (${problem?.message ?? 'the core was not asked yet'})`
    this.#events.safeDispatchEvent('error', { detail: new MeshError('ERR_PASTELD_MEMBERS', message) })
  }
}
