import { MeshError, type PastelId, type Signer } from '@pastel-mesh/identity'
import type { JobTypes, Queue } from '@pastel-mesh/queue'
import {
  createFileRegistry,
  createNode,
  createOpenRegistry,
  type MemberRegistry,
  type MeshNode,
} from '@pastel-mesh/sdk-node'
import {
  type BindingStatus,
  createServer,
  type PluginStatus,
  type Reloaded,
  type Server,
} from '@pastel-mesh/sdk-server'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { type CheckedConfig, checkConfig } from './config/checked-config.ts'
import { LiveConfiguration } from './config/live-config.ts'
import type { ControllerConfig } from './config/schema.ts'
import { type DataFolder, dataFolder, openDataFolder } from './data-folder.ts'
import type { ControllerComponents, NodeController } from './index.ts'
import { MessageBindings, type OnMessage } from './jobs/message-bindings.ts'
import { SentByJobs } from './jobs/sent-by-jobs.ts'
import { keyStore } from './key-store.ts'
import { explainListenError } from './listen-error.ts'
import { openNodeKey } from './node-key.ts'
import { createNodeQueue, queuePart } from './node-queue.ts'
import { openIdentity } from './open-identity.ts'
import { named, type Part, stopParts } from './parts.ts'
import { Pastel } from './pasteld/pastel.ts'
import { signAsNode } from './pasteld/sign-as-node.ts'
import { checkSections } from './plugins/check-sections.ts'
import { loadPlugins } from './plugins/load-plugins.ts'
import { givenPlugins, Plugins } from './plugins/plugins.ts'
import { readVersion } from './version.ts'

/**
 * Builds a node from its data folder and starts and stops the parts in order.
 *
 * ```
 *   new ── start() ──▶ starting ──▶ running ── stop() ──▶ stopping ──▶ stopped
 *                          │ a part failed, or stop()        ▲
 *                          └─────────────────────────────────┘
 * ```
 *
 * Stopped is final, for a libp2p node cannot be started twice: a new controller on the same folder goes on.
 */
export class Controller implements NodeController {
  readonly config: CheckedConfig
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  readonly #bindings: MessageBindings
  readonly #plugins: Plugins
  readonly #server: Server
  readonly #configuration: LiveConfiguration | undefined
  readonly #parts: readonly Part[]
  /** Ends what parts wait for while they start. */
  readonly #interrupt: AbortController
  /** Those that were started, or tried to. */
  #started: Part[] = []
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #isStarted = false

  static async create(input: ControllerConfig, components: ControllerComponents): Promise<Controller> {
    const config = checkConfig(input)
    const loaded = [
      ...(await loadPlugins(config.plugins, config.pluginsFrom)),
      ...givenPlugins(components.plugins ?? []),
    ]
    const sections = await checkSections(loaded, config.ext, components.configuration?.loaded.origins)
    const plugins = new Plugins(loaded)
    const folder = dataFolder(config.dataDir)
    await openDataFolder(config.dataDir)
    const { onError = () => {}, onPastel = () => {}, prompt } = components
    const interrupt = new AbortController()
    const pastel = await Pastel.open(config, {
      prompt,
      signal: interrupt.signal,
      onNotice: onPastel,
      onError,
    })
    const signer = pastel?.signer ?? (await openIdentity(folder, { identity: config.identity, prompt }))
    pastel?.watch(signer.pastelId)
    const nodeKey = await openNodeKey(folder.nodeKey)
    const store = createStore({ directory: folder.database, minFreeBytes: config.minFreeBytes })
    const registry = createRegistry(config, { folder, own: signer.pastelId, pastel })
    const topics = [...new Set([...config.topics, ...plugins.topics])]
    const carrier = pastel?.bridge(config.retention.maxAgeMs, { signer, store, node: () => node })
    const node: MeshNode = await createNode(
      { ...config, topics },
      { signer, nodeKey, store, registry, ...(carrier === undefined ? {} : { carrier }) },
    )
    node.addEventListener('error', ({ detail }) => onError(detail))
    const queue = createNodeQueue(config.queue, { store, onError })
    const bindings = new MessageBindings({ node, store, queue, onError })
    const sent = new SentByJobs({}, { node, queue, onError })
    const { shutdown, configuration: source, onLogin = () => {}, onRequest = () => {} } = components
    const configuration =
      source && new LiveConfiguration({ source, node, registry, plugins: loaded, server: () => server })
    const server: Server = createServer(
      {
        socket: { path: folder.socket },
        ...config.http,
        ...(config.monitoring === undefined ? {} : { monitoring: config.monitoring }),
        pastel: config.pasteld?.endpoints === true,
        roles: config.roles,
        callRate: config.callRate,
        version: readVersion(),
      },
      {
        node,
        store,
        queue,
        bindings: () => bindings.status(),
        plugins: () => plugins.status(),
        ...(pastel === undefined ? {} : pastelOf(pastel, signer, folder)),
        inPlugin: (plugin, call) => plugins.run(plugin, call),
        stopBindings: () => {
          plugins.rest()
          return bindings.stop()
        },
        ...(shutdown === undefined ? {} : { shutdown: { begin: shutdown, timeoutMs: config.stopTimeoutMs } }),
        ...(configuration === undefined ? {} : { configuration }),
        onError,
        onLogin,
        onRequest,
        ...(components.onDrain === undefined ? {} : { onDrain: components.onDrain }),
      },
    )
    plugins.host(sections, {
      node,
      store,
      queue,
      bindings,
      server,
      onLog: components.onPluginLog ?? (() => {}),
      onFailure: onError,
    })
    const parts = [
      named('database', store),
      ...(pastel?.parts ?? []),
      named('members', registry),
      named('node', node),
      ...(pastel?.lateParts ?? []),
      plugins.ending,
      queuePart(queue, config.queue, sent),
      plugins.beginning,
      named('bindings', bindings),
      plugins.background,
      named('server', {
        start: () => server.start(components.router, plugins.routers),
        stop: () => server.stop(),
      }),
    ]
    return new Controller(config, {
      node,
      store,
      queue,
      bindings,
      plugins,
      server,
      configuration,
      parts,
      interrupt,
    })
  }

  private constructor(
    config: CheckedConfig,
    components: {
      node: MeshNode
      store: MessageStore
      queue: Queue
      bindings: MessageBindings
      plugins: Plugins
      server: Server
      configuration: LiveConfiguration | undefined
      parts: Part[]
      interrupt: AbortController
    },
  ) {
    this.config = config
    this.node = components.node
    this.store = components.store
    this.queue = components.queue
    this.#bindings = components.bindings
    this.#plugins = components.plugins
    this.#server = components.server
    this.#configuration = components.configuration
    this.#parts = components.parts
    this.#interrupt = components.interrupt
  }

  readonly onMessage: OnMessage<JobTypes> = (...args: Parameters<MessageBindings['add']>) =>
    this.#bindings.add(...args)

  get apiUrl(): string | undefined {
    return this.#server.url
  }

  get metricsUrl(): string | undefined {
    return this.#server.monitoringUrl
  }

  bindings(): Promise<BindingStatus[]> {
    return this.#bindings.status()
  }

  get procedures(): readonly string[] {
    return this.#server.procedures
  }

  plugins(): PluginStatus[] {
    return this.#plugins.status()
  }

  /** Whether an error that nobody caught is that of a plugin, which the node goes on without. */
  tookUncaught(error: unknown, kind: 'exception' | 'rejection'): boolean {
    return this.#plugins.tookUncaught(error, kind)
  }

  async reload(): Promise<Reloaded> {
    if (this.#configuration === undefined) {
      throw new MeshError('ERR_NO_CONFIGURATION', 'nobody said where the configuration comes from')
    }
    // What starts takes what it was started with.
    await this.#starting
    if (this.#stopping !== undefined) throw stopped()
    return this.#configuration.reload()
  }

  start(): Promise<void> {
    if (this.#stopping !== undefined) return Promise.reject(stopped())
    this.#starting ??= this.#startParts()
    return this.#starting
  }

  async stop(): Promise<void> {
    if (this.#starting === undefined) return
    // What starts is not waited for any longer than it must.
    if (!this.#isStarted) {
      this.#plugins.interrupt()
      this.#interrupt.abort(stopped())
    }
    this.#stopping ??= this.#starting.then(
      () => this.#stopParts(),
      // Its failure has stopped them already.
      () => {},
    )
    await this.#stopping
  }

  async #startParts(): Promise<void> {
    try {
      for (const part of this.#parts) {
        if (this.#stopping !== undefined) throw stopped()
        // Before it is started: one that fails half-way may have something to stop.
        this.#started.push(part)
        await part.start()
      }
      this.#isStarted = true
    } catch (error) {
      this.#plugins.interrupt()
      // What did not start is what the caller has to hear of.
      const cleanup = this.#stopParts().catch(() => {})
      this.#stopping ??= cleanup
      await cleanup
      throw explainListenError(error)
    }
  }

  #stopParts(): Promise<void> {
    return stopParts(this.#started.splice(0), this.config.stopTimeoutMs)
  }
}

function createRegistry(
  { members }: CheckedConfig,
  { folder, own, pastel }: { folder: DataFolder; own: PastelId; pastel: Pastel | undefined },
): MemberRegistry {
  if (members === 'open') return createOpenRegistry()
  if (members === 'pasteld' && pastel !== undefined) return pastel.registry(own)
  return createFileRegistry({ path: folder.members, always: [own] })
}

/** What the server has of the Pastel core. */
function pastelOf(pastel: Pastel, signer: Signer, folder: DataFolder) {
  const sign = signAsNode({
    signer,
    openKey: (pastelId, passphrase) => keyStore(folder).open(pastelId, passphrase),
    client: pastel.signer === undefined ? undefined : pastel.client,
  })
  return { pasteld: pastel.use, pastel: { directory: pastel.directory, sign } }
}

function stopped(): MeshError {
  return new MeshError('ERR_STOPPED', 'this node was stopped, or did not start: make a new controller')
}
