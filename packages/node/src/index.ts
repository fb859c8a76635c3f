/**
 * The whole node: wires the parts from a configuration, starts and stops them in order.
 * @packageDocumentation
 */
import type { JobTypes, Queue } from '@pastel-mesh/queue'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import type { CheckedConfig } from './config/checked-config.ts'
import type { ControllerConfig } from './config/schema.ts'
import { Controller } from './controller.ts'
import type { PassphrasePrompt } from './passphrase.ts'

export type { CheckedConfig } from './config/checked-config.ts'
export type { ControllerConfig } from './config/schema.ts'
export { type ControlClient, createControlClient } from './control-client.ts'
export { type DataFolder, DEFAULT_DATA_DIR, dataFolder } from './data-folder.ts'
export { type ChunkLimits, inChunks, PUBLISH_LIMITS } from './in-chunks.ts'
export {
  type ImportOptions,
  type KeyStore,
  keyStore,
} from './key-store.ts'
export { type OpenIdentityOptions, openIdentity } from './open-identity.ts'
export type { PassphrasePrompt } from './passphrase.ts'
export { stopOnSignal } from './signals.ts'
export { type TableOptions, table } from './table.ts'

export interface ControllerComponents {
  /** Hears of what fails and nobody waits for, as long as the node runs. @default ignored */
  readonly onError?: (error: Error) => void
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
   * Starts database, members, node, queue and server, in this order; if one fails, stops those before it.
   * @throws MeshError ERR_LISTEN, ERR_MEMBER_FILE, ERR_QUEUE_SERVER, ERR_SOCKET, ERR_SOCKET_IN_USE, ERR_SOCKET_PATH;
   * ERR_STOPPED if it was stopped, or failed to start, before; StorageError as the store's start
   */
  start(): Promise<void>
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
 * @throws MeshError ERR_CONFIG, ERR_DATA_FOLDER, ERR_NODE_KEY, ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_EMPTY,
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
  return controller as NodeController as NodeController<Jobs>
}
