import {
  type ControlClient,
  type ControllerConfig,
  createControlClient,
  dataFolder,
  V8_OPTIONS,
} from '@pastel-mesh/node'
import { cliCommand } from './cli-command.ts'
import { type Ending, NodeProcess } from './node-process.ts'
import { waitUntil } from './wait-until.ts'

/** A start takes a second; on a machine that is busy with others many times that, and whoever ended is noticed at once. */
const READY_MS = 90_000

export interface LocalNodeOptions {
  readonly dataDir: string
  readonly port: number
  /** What it listens on. @default 'tcp' */
  readonly transport?: 'tcp' | 'ws'
  /** Multiaddrs of the nodes to stay connected to. */
  readonly bootstrap: readonly string[]
  readonly topics: readonly string[]
  /** @default 'demo' */
  readonly network?: string
  /** Free space to leave on the disk, in MiB. @default the node's own */
  readonly minFreeMiB?: number
  /** @default 'open' */
  readonly members?: 'file' | 'open' | 'pasteld'
  /** Further flags of `pmesh start`. @default none */
  readonly flags?: readonly string[]
  /** A program that runs the node, and gets its configuration as JSON. @default `pmesh start` */
  readonly program?: string
}

/**
 * A node in a process of its own: the real `pmesh start`, from the source when this runs from the source, from
 * the build otherwise.
 */
export class LocalNode {
  readonly options: LocalNodeOptions
  #process: NodeProcess | undefined
  #client: ControlClient | undefined

  constructor(options: LocalNodeOptions) {
    this.options = options
  }

  /** The address that others dial. */
  get address(): string {
    return localAddress(this.options)
  }

  /** @throws if the node does not run */
  get client(): ControlClient {
    if (this.#client === undefined) throw new Error(`the node in ${this.options.dataDir} does not run`)
    return this.#client
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** The last lines that the process wrote. */
  get output(): string {
    return this.#process?.output ?? ''
  }

  /**
   * Starts the process; resolves when the node answers as ready.
   * @throws Error with the node's output if it ended instead; the signal's reason. Nothing runs then.
   */
  async start({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted()
    const { dataDir } = this.options
    if (this.#process !== undefined) throw new Error(`the node in ${dataDir} runs already`)
    const child = new NodeProcess(this.#command())
    this.#process = child
    const client = createControlClient(dataFolder(dataDir).socket)
    try {
      await waitUntil(async () => (await client.api.admin.status.query()).pid === child.pid, {
        what: `the node in ${dataDir} to be ready`,
        timeoutMs: READY_MS,
        signal: signal === undefined ? child.gone : AbortSignal.any([child.gone, signal]),
      })
    } catch (cause) {
      await Promise.all([client.close(), child.end('SIGKILL')])
      this.#process = undefined
      signal?.throwIfAborted()
      throw new Error(`the node in ${dataDir} did not start:\n${child.output}`, { cause })
    }
    this.#client = client
  }

  /** Ends the process with a signal; one that does not run is left alone. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    const child = this.#process
    if (child === undefined) return 0
    const ending = await child.end(signal)
    await this.#client?.close().catch(() => {})
    this.#client = undefined
    if (this.#process === child) this.#process = undefined
    return ending
  }

  #command(): string[] {
    const { program, dataDir, bootstrap, topics, network = 'demo', members = 'open' } = this.options
    if (program === undefined) return [...cliCommand(), ...this.#startCommand()]
    const config: ControllerConfig = {
      ...{ dataDir, network, members, bootstrap, topics },
      listen: [this.address],
      manyPeersPerHost: true,
      // Several run on one machine.
      api: { listen: 'off' },
      metrics: { listen: 'off' },
    }
    const conditions = program.endsWith('.ts') ? ['--conditions=source'] : []
    return [...V8_OPTIONS, ...conditions, program, JSON.stringify(config)]
  }

  #startCommand(): string[] {
    const {
      dataDir,
      bootstrap,
      topics,
      network = 'demo',
      members = 'open',
      minFreeMiB,
      flags = [],
    } = this.options
    const repeated = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value])
    return [
      'start',
      ...['--data', dataDir, '--network', network, '--members', members, '--many-peers-per-host'],
      ...['--log-format', 'pretty'],
      ...['--listen', this.address, '--api-listen', 'off', '--metrics-listen', 'off'],
      ...(minFreeMiB === undefined ? [] : ['--disk-min-free', `${minFreeMiB}MiB`]),
      ...repeated('--bootstrap', bootstrap),
      ...repeated('--topic', topics),
      ...flags,
    ]
  }
}

/** The multiaddr of a node on this machine. */
export function localAddress({ port, transport }: Pick<LocalNodeOptions, 'port' | 'transport'>): string {
  return `/ip4/127.0.0.1/tcp/${port}${transport === 'ws' ? '/ws' : ''}`
}
