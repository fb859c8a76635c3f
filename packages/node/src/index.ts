/**
 * The whole node: wires the parts from a configuration, starts and stops them in order.
 * @packageDocumentation
 */
import type { JobTypes, Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type {
  AnyRouter,
  BindingStatus,
  LoginEvent,
  PluginStatus,
  Reloaded,
  RequestEvent,
} from '@pastel-mesh/sdk-server'
import type { MessageStore } from '@pastel-mesh/storage'
import type { CheckedConfig } from './config/checked-config.ts'
import type { ConfigurationSource } from './config/live-config.ts'
import type { ControllerConfig } from './config/schema.ts'
import { Controller } from './controller.ts'
import type { OnMessage } from './jobs/message-bindings.ts'
import type { PassphrasePrompt } from './passphrase.ts'
import type { PluginLogEntry } from './plugins/hosted-plugin.ts'
import type { Plugin } from './plugins/plugin.ts'

// What handlers of a plugin, and of a controller, need of the packages below: of the very copies that run.
export { jsonOf, textOf } from '@pastel-mesh/protocol'
export { type JobContext, UnrecoverableError } from '@pastel-mesh/queue'
export { defineTopic, json, type ReceivedMessage } from '@pastel-mesh/sdk-node'
export type {
  BackgroundStatus,
  BindingBlocked,
  BindingStatus,
  LoginEvent,
  PluginFailure,
  PluginStatus,
  Reloaded,
  RequestEvent,
  SettingChange,
  SettingOrigin,
} from '@pastel-mesh/sdk-server'
export type { CheckedConfig } from './config/checked-config.ts'
export type { ConfigurationSource } from './config/live-config.ts'
export type { LoadedConfig } from './config/load-config.ts'
export type { ControllerConfig } from './config/schema.ts'
export { type ControlClient, createControlClient } from './control-client.ts'
export { type DataFolder, DEFAULT_DATA_DIR, dataFolder } from './data-folder.ts'
export { type ChunkLimits, inChunks, PUBLISH_LIMITS } from './in-chunks.ts'
export { StuckError } from './jobs/binding-standing.ts'
export { type JobMessages, type JobSendOptions, jobMessages } from './jobs/job-messages.ts'
export type { MessageBindingOptions } from './jobs/message-binding.ts'
export type { MessageMap, OnMessage, TypedMessageMap } from './jobs/message-bindings.ts'
export {
  type ImportOptions,
  type KeyStore,
  keyStore,
} from './key-store.ts'
export { type OpenIdentityOptions, openIdentity } from './open-identity.ts'
export type { PassphrasePrompt } from './passphrase.ts'
export { definePlugin, type RouterOf } from './plugins/define-plugin.ts'
export type { PluginLogEntry } from './plugins/hosted-plugin.ts'
export type {
  BackgroundTask,
  MessageHandler,
  MessageHandlerOptions,
  MessageJob,
  Plugin,
  PluginContext,
  PluginDefinition,
  PluginJob,
  PluginJobOptions,
  PluginJobs,
  PluginLogger,
  TopicHandlerOptions,
  TopicMessage,
} from './plugins/plugin.ts'
export { stopOnSignal } from './signals.ts'
export { type TableOptions, table } from './table.ts'
export { V8_OPTIONS } from './v8-options.ts'

export interface ControllerComponents {
  /** Hears of what fails and nobody waits for, as long as the node runs. @default ignored */
  readonly onError?: (error: Error) => void
  /** Hears that the node is being drained. @default ignored */
  readonly onDrain?: () => void
  /** Hears of logins to the API, those that failed, and refresh tokens that came twice. @default ignored */
  readonly onLogin?: (event: LoginEvent) => void
  /** Hears of every request to the API by HTTP, when it has ended. @default ignored */
  readonly onRequest?: (event: RequestEvent) => void
  /** Where the configuration comes from, for whoever asks for a reload. @default nobody can */
  readonly configuration?: ConfigurationSource
  /** Further routers of the API, beside those of the node. @default none */
  readonly router?: AnyRouter
  /** Plugins, beside those that the configuration names. @default none */
  readonly plugins?: readonly Plugin[]
  /** Hears what plugins write to the log. @default ignored */
  readonly onPluginLog?: (entry: PluginLogEntry) => void
  /** Hears what the node waits for of the Pastel core, and what an operator should mend there. @default ignored */
  readonly onPastel?: (line: string) => void
  /** Begins a graceful stop of the process, for whoever asks for it through the API. @default nobody can */
  readonly shutdown?: () => void
  /** Asks for the passphrase of the identity when it is nowhere else. @default nobody is asked */
  readonly prompt?: PassphrasePrompt | undefined
}

/** @typeParam Jobs the data and the result of each job, by its name */
export interface NodeController<Jobs extends JobTypes = JobTypes> {
  readonly config: CheckedConfig
  readonly node: MeshNode
  readonly store: MessageStore
  /**
   * Durable jobs, in the node's own database unless `queue.driver` says otherwise. Handlers are registered before the
   * start: jobs that wait begin with it.
   */
  readonly queue: Queue<Jobs>
  /**
   * Makes a job of each message of a topic or of the inbox for which `map` gives data: job and place in one commit, so
   * that each message makes exactly one, whatever happens; `queue.driver` says what holds on a server. Messages are
   * taken in the order of their arrival, those that come from the first start on, or with `from: 'start'` also those that
   * are stored; every later start goes on where the one before stood. If `map` throws, the message is tried again until
   * that succeeds, and those behind it wait: return undefined for what is not wanted.
   * @example
   * controller.onMessage('orders', 'fill', (message) => ({ order: jsonOf(message), from: message.sender }))
   * controller.onMessage('inbox', 'answer', ({ id, sender, body }) => ({ id, sender, text: textOf({ body }) }))
   * @throws MeshError ERR_BINDING_EXISTS; ProtocolError ERR_TOPIC_NAME
   */
  readonly onMessage: OnMessage<Jobs>
  /** Where the API is served by HTTP, such as `http://127.0.0.1:7123`; undefined: it is not. */
  readonly apiUrl: string | undefined
  /** Where metrics and health are served; undefined: they are not. */
  readonly metricsUrl: string | undefined
  /** Names of all procedures that the API serves, such as `service.ping`. */
  readonly procedures: readonly string[]
  /**
   * Whether an error that nobody caught is that of a plugin: then it is counted there, and the node can go on. For the
   * `uncaughtException` and `unhandledRejection` of the process, which belong to the program; `pmesh start` does so.
   */
  tookUncaught(error: unknown, kind: 'exception' | 'rejection'): boolean
  /** Where each of these stands. @throws StorageError ERR_STORE_UNAVAILABLE */
  bindings(): Promise<BindingStatus[]>
  /** What plugins add, and how they do. */
  plugins(): PluginStatus[]
  /**
   * Starts database, members, node, queue, plugins, bindings and server, in this order; if one fails, stops those before
   * it. A node whose key is in the Pastel core waits for that first; of one that lists its members it takes the last
   * list if it is not there.
   * @throws MeshError ERR_LISTEN, ERR_MEMBER_FILE, ERR_QUEUE_SERVER, ERR_SOCKET, ERR_SOCKET_IN_USE, ERR_SOCKET_PATH,
   * ERR_API_LISTEN, ERR_METRICS_LISTEN, ERR_PLUGIN, ERR_ROUTER, ERR_PASTELD_KEY, ERR_PASTELD_PASSPHRASE, ERR_PASTELD_AUTH;
   * ERR_STOPPED if it was stopped, or failed to start, before; StorageError as the store's start
   */
  start(): Promise<void>
  /**
   * Reads the configuration again, checks all of it, and applies what can be without a start: log level, rates, retention,
   * origins, members.
   * @throws MeshError ERR_CONFIG: what is wrong, and nothing has changed; ERR_NO_CONFIGURATION; ERR_STOPPED
   */
  reload(): Promise<Reloaded>
  /**
   * Stops them in reverse, for good: a new controller starts the node again. While they start, waits for the one
   * that is starting. Jobs that run have half of what is left of `stop.timeout` to end; then their signals fire, and
   * they are put back.
   * @throws AggregateError: names the parts that did not stop, or not within `stop.timeout`
   */
  stop(): Promise<void>
}

/**
 * A node from its configuration; keys are made in the data folder if there are none. Not started.
 *
 * @throws MeshError ERR_CONFIG, ERR_PLUGIN, ERR_DATA_FOLDER, ERR_NODE_KEY, ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_EMPTY,
 * ERR_PASSPHRASE_FILE, ERR_IDENTITY_CHOICE (several PastelIDs in the folder), and the errors of key files
 * @example
 * const controller = await createController({ dataDir: './data', topics: ['prices'], sync: { history: '7d' } })
 * controller.queue.registerHandler('greet', ({ data }) => console.log(data))
 * await controller.start()
 * await controller.node.publish('prices', { text: 'hello' })
 * await controller.queue.add('greet', 'hello')
 * await controller.stop()
 */
export async function createController<Jobs extends JobTypes = JobTypes>(
  config: ControllerConfig = {},
  components: ControllerComponents = {},
): Promise<NodeController<Jobs>> {
  const controller = await Controller.create(config, components)
  // Which jobs there are is the caller's word.
  return controller as unknown as NodeController<Jobs>
}
