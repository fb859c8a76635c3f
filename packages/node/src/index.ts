/**
 * The whole node: wires the parts from a configuration, starts and stops them in order.
 * @packageDocumentation
 */
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import type { CheckedConfig, ControllerConfig } from './config.ts'
import { Controller } from './controller.ts'

export type { CheckedConfig, ControllerConfig } from './config.ts'
export { DEFAULT_DATA_DIR } from './config.ts'
export { type ControlClient, createControlClient } from './control-client.ts'
export { type DataFolder, dataFolder } from './data-folder.ts'
export { stopOnSignal } from './signals.ts'

export interface NodeController {
  readonly config: CheckedConfig
  readonly node: MeshNode
  readonly store: MessageStore
  /** Starts database, members, node and server, in this order; if one fails, stops those before it. */
  start(): Promise<void>
  /** Stops them in reverse. @throws AggregateError: names the parts that did not stop */
  stop(): Promise<void>
}

/**
 * A node from its configuration; keys are made in the data folder if there are none. Not started.
 *
 * @throws MeshError ERR_CONFIG, and the errors of key files
 * @example
 * const controller = await createController({ dataDir: './data', topics: ['prices'] })
 * await controller.start()
 * await controller.node.publish('prices', { text: 'hello' })
 * await controller.stop()
 */
export function createController(config: ControllerConfig = {}): Promise<NodeController> {
  return Controller.create(config)
}
