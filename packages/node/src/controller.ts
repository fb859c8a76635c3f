import { createFileRegistry, createNode, createOpenRegistry, type MeshNode } from '@pastel-mesh/sdk-node'
import { createServer } from '@pastel-mesh/sdk-server'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { type CheckedConfig, type ControllerConfig, checkConfig } from './config.ts'
import { dataFolder, openIdentity, openNodeKey } from './data-folder.ts'
import type { NodeController } from './index.ts'
import { readVersion } from './version.ts'

/** A part of the node, with the name under which its failures are reported. */
interface Part {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
}

/** Builds a node from its data folder and starts and stops the parts in order. */
export class Controller implements NodeController {
  readonly config: CheckedConfig
  readonly node: MeshNode
  readonly store: MessageStore
  readonly #parts: readonly Part[]
  #started: Part[] = []
  #stopping: Promise<void> | undefined

  static async create(input: ControllerConfig): Promise<Controller> {
    const config = checkConfig(input)
    const { dataDir } = config
    const folder = dataFolder(dataDir)
    const { signer } = await openIdentity(dataDir)
    const nodeKey = await openNodeKey(dataDir)
    const store = createStore({ directory: folder.database })
    const registry =
      config.members === 'open'
        ? createOpenRegistry()
        : createFileRegistry({ path: folder.members, always: [signer.pastelId] })
    const node = await createNode(defined(config), { signer, nodeKey, store, registry })
    const server = createServer({ socket: { path: folder.socket }, version: readVersion() }, { node, store })
    const parts = [
      named('database', store),
      named('members', registry),
      named('node', node),
      named('server', server),
    ]
    return new Controller(config, { node, store, parts })
  }

  private constructor(
    config: CheckedConfig,
    components: { node: MeshNode; store: MessageStore; parts: Part[] },
  ) {
    this.config = config
    this.node = components.node
    this.store = components.store
    this.#parts = components.parts
  }

  async start(): Promise<void> {
    if (this.#started.length > 0) return
    try {
      for (const part of this.#parts) {
        await part.start()
        this.#started.push(part)
      }
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopParts()
    return this.#stopping
  }

  async #stopParts(): Promise<void> {
    const failures: Error[] = []
    for (const part of this.#started.reverse()) {
      try {
        await part.stop()
      } catch (cause) {
        failures.push(new Error(`the ${part.name} did not stop: ${(cause as Error).message}`, { cause }))
      }
    }
    this.#started = []
    if (failures.length > 0)
      throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
  }
}

function named(name: string, part: { start(): Promise<void>; stop(): Promise<void> }): Part {
  return { name, start: () => part.start(), stop: () => part.stop() }
}

/** Without the keys that are undefined, so that a part's own default holds. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
