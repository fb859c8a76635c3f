import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { abortable } from '@pastel-mesh/sdk-node'
import { TypedEventEmitter } from 'main-event'
import type { PasteldClient } from '../rpc/pasteld-client.ts'
import { PasteldError } from '../rpc/pasteld-error.ts'
import { joinLists } from './join-lists.ts'
import { fingerprint, KeptList, type SupernodeList } from './kept-list.ts'
import { type ShrinkCheck, shrinkCheck } from './shrink-check.ts'
import type { DirectoryProblem, Supernode, SupernodeDirectory } from './supernode.ts'
import { SupernodeIndex } from './supernode-index.ts'

export interface SupernodeDirectoryOptions {
  /** The file that keeps the last list. */
  readonly path: string
  /** How often the lists are read, in ms; up to a tenth earlier or later. @default 30000 */
  readonly refreshMs?: number
  /** How long a list that has suddenly less than half of the supernodes is not believed, in ms. @default 600000 */
  readonly shrinkMs?: number
  /** How long a start waits for the core before it goes on with the last known list, in ms. @default 5000 */
  readonly firstReadMs?: number
}

export interface SupernodeDirectoryComponents {
  readonly client: Pick<
    PasteldClient,
    'listFull' | 'listRanks' | 'listPublicKeys' | 'listExtra' | 'masternodeStatus'
  >
}

/** The directory that is read from a core. */
export interface CoreDirectory extends SupernodeDirectory {
  /** Entries of the last list that could not be read, and were left out. */
  readonly skipped: number
}

/** As often as the Python layer, at least. */
const REFRESH_MS = 30_000
/** A core that is down costs nothing to ask. */
const RETRY_MS = 5_000
/** The start of a node takes one to two; a core that answers at all has done so by then. */
const FIRST_READ_MS = 5_000
/** A core that was started again has the whole list after some minutes. */
const SHRINK_MS = 600_000
/** The age of a list that does not change is written this often: after a restart it is this much too high at most. */
const KEEP_MS = 600_000

/**
 * The supernodes as a core lists them. `start` waits for the first list, but not for long; without it the last known
 * one stands, and `problem` says why. An empty list, or one of less than half, is not believed at once: a core
 * that was just started has no more.
 *
 * @example
 * import { createPasteldClient, createSupernodeDirectory, findPasteldConfig } from '@pastel-mesh/pasteld'
 *
 * const client = createPasteldClient(await findPasteldConfig())
 * const directory = createSupernodeDirectory({ path: './supernodes.json' }, { client })
 * await directory.start()
 * console.log(directory.supernodes().length, directory.local()?.pastelId, directory.problem)
 * await directory.stop()
 */
export function createSupernodeDirectory(
  options: SupernodeDirectoryOptions,
  components: SupernodeDirectoryComponents,
): CoreDirectory {
  return new ReadDirectory(options, components)
}

/**
 * ```
 *   new ── start() ──▶ following ── a list was read, and is believed ──▶ following, without a problem
 *                         │   ▲
 *                         │   └──── it was not: the last one stands, and the problem says since when
 *                         └── stop() ──▶ stopped; start() goes on
 * ```
 */
class ReadDirectory implements CoreDirectory {
  readonly #client: SupernodeDirectoryComponents['client']
  readonly #kept: KeptList
  readonly #refreshMs: number
  readonly #firstReadMs: number
  readonly #shrink: ShrinkCheck
  readonly #events = new TypedEventEmitter<{ change: CustomEvent<undefined> }>()
  #index = new SupernodeIndex([])
  #fingerprint = fingerprint([])
  #local: string | undefined
  #readAtMs: number | undefined
  #keptAtMs = Number.NEGATIVE_INFINITY
  #readProblem: DirectoryProblem | undefined
  #fileProblem: DirectoryProblem | undefined
  #skipped = 0
  /** Aborted while it is stopped. */
  #stopped: AbortController | undefined
  #starting: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** One reading at a time, and one that waits for it, for all who asked meanwhile. */
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(options: SupernodeDirectoryOptions, { client }: SupernodeDirectoryComponents) {
    this.#client = client
    this.#kept = new KeptList({ path: options.path })
    this.#refreshMs = options.refreshMs ?? REFRESH_MS
    this.#firstReadMs = options.firstReadMs ?? FIRST_READ_MS
    this.#shrink = shrinkCheck({ shrinkMs: options.shrinkMs ?? SHRINK_MS })
  }

  get readAtMs(): number | undefined {
    return this.#readAtMs
  }

  get problem(): DirectoryProblem | undefined {
    return this.#readProblem ?? this.#fileProblem
  }

  get skipped(): number {
    return this.#skipped
  }

  supernodes(): readonly Supernode[] {
    return this.#index.supernodes
  }

  local(): Supernode | undefined {
    return this.#local === undefined ? undefined : this.#index.byOutpoint(this.#local)
  }

  byOutpoint(outpoint: string): Supernode | undefined {
    return this.#index.byOutpoint(outpoint)
  }

  byPastelId(pastelId: PastelId): Supernode | undefined {
    return this.#index.byPastelId(pastelId)
  }

  byPublicKey(publicKey: string): Supernode | undefined {
    return this.#index.byPublicKey(publicKey)
  }

  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  async stop(): Promise<void> {
    this.#stopped?.abort(new MeshError('ERR_STOPPED', 'the directory of supernodes was stopped'))
    await this.#starting?.catch(() => {})
    clearTimeout(this.#timer)
    await this.#running
    this.#starting = undefined
  }

  async refresh({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted()
    if (this.#next === undefined) {
      this.#next = this.#running.then(() => {
        this.#next = undefined
        return this.#readOrSay()
      })
      this.#running = this.#next.catch(() => {})
    }
    await abortable(this.#next, signal)
  }

  onChange(listener: () => void): () => void {
    const handler = () => listener()
    this.#events.addEventListener('change', handler)
    return () => this.#events.removeEventListener('change', handler)
  }

  async #start(): Promise<void> {
    this.#stopped = new AbortController()
    const { signal } = this.#stopped
    if (this.#readAtMs === undefined) await this.#load()
    // A core that does not answer does not keep the node from starting; its reading goes on.
    await this.refresh({ signal: AbortSignal.timeout(this.#firstReadMs) }).catch(() => {})
    if (!signal.aborted) this.#readLater(signal)
  }

  #readLater(signal: AbortSignal): void {
    const pauseMs = this.#readProblem === undefined ? this.#refreshMs : Math.min(this.#refreshMs, RETRY_MS)
    this.#timer = setTimeout(
      async () => {
        await this.refresh().catch(() => {})
        if (!signal.aborted) this.#readLater(signal)
      },
      pauseMs * (0.9 + Math.random() / 5),
    )
  }

  async #load(): Promise<void> {
    try {
      const list = await this.#kept.load()
      if (list !== undefined) this.#show(list)
    } catch (error) {
      this.#fileProblem = asProblem(error, this.#fileProblem)
    }
  }

  async #readOrSay(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      if (this.#stopped?.signal.aborted !== true) this.#readProblem = asProblem(error, this.#readProblem)
      throw error
    }
  }

  async #read(): Promise<void> {
    const signal = this.#stopped?.signal
    const call = { ...(signal !== undefined && { signal }), waitForCore: false }
    const [full, ranks, publicKeys, extra, local] = await Promise.all([
      this.#client.listFull(call),
      this.#client.listRanks(call),
      this.#client.listPublicKeys(call),
      this.#client.listExtra(call),
      this.#client.masternodeStatus(call).catch(noneIfNotMasternode),
    ])
    const { supernodes, skipped } = joinLists({ full, ranks, publicKeys, extra })
    const before = this.#index
    this.#shrink.assertBelievable(before, new SupernodeIndex(supernodes))
    this.#skipped = skipped
    this.#readProblem = undefined
    const isOther = this.#local !== local?.outpoint
    this.#local = local?.outpoint
    const list = { readAtMs: Date.now(), supernodes }
    const isChanged = this.#show(list) || isOther
    if (isChanged) this.#events.safeDispatchEvent('change', { detail: undefined })
    if (isChanged || performance.now() - this.#keptAtMs >= KEEP_MS) await this.#keep(list)
  }

  /** @returns whether it differs from the one before */
  #show({ readAtMs, supernodes }: SupernodeList): boolean {
    this.#index = new SupernodeIndex(supernodes)
    this.#readAtMs = readAtMs
    const before = this.#fingerprint
    this.#fingerprint = fingerprint(supernodes)
    return this.#fingerprint !== before
  }

  /** What cannot be kept is known all the same, until the next start. */
  async #keep(list: SupernodeList): Promise<void> {
    try {
      await this.#kept.save(list)
      this.#keptAtMs = performance.now()
      this.#fileProblem = undefined
    } catch (error) {
      this.#keptAtMs = Number.NEGATIVE_INFINITY
      this.#fileProblem = asProblem(error, this.#fileProblem)
    }
  }
}

/** Of what lasts, since when it does. */
function asProblem(error: unknown, before: DirectoryProblem | undefined): DirectoryProblem {
  return { message: (error as Error).message, sinceMs: before?.sinceMs ?? Date.now() }
}

/** A core that is no masternode, or not started as one, says so by an error. */
function noneIfNotMasternode(error: unknown): undefined {
  if (error instanceof PasteldError && error.code === 'ERR_PASTELD_RPC') return undefined
  throw error
}
