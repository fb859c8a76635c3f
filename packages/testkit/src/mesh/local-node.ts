import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ControlClient, createControlClient, dataFolder } from '@pastel-mesh/node'
import { waitUntil } from './wait-until.ts'

export interface LocalNodeOptions {
  readonly dataDir: string
  readonly port: number
  /** Multiaddrs of the nodes to stay connected to. */
  readonly bootstrap: readonly string[]
  readonly topics: readonly string[]
  /** @default 'demo' */
  readonly network?: string
  /** @default 'open' */
  readonly members?: 'file' | 'open'
}

/** Lines of a process's output that are kept, for the message of a failure. */
const KEPT_LINES = 50

/**
 * A node in a process of its own: the real `pmesh start`, from the source when this runs from the source, from
 * the build otherwise.
 */
export class LocalNode {
  readonly options: LocalNodeOptions
  #process: ChildProcess | undefined
  #client: ControlClient | undefined
  readonly #output: string[] = []
  #exit: Promise<number | NodeJS.Signals> | undefined

  constructor(options: LocalNodeOptions) {
    this.options = options
  }

  /** The address that others dial. */
  get address(): string {
    return `/ip4/127.0.0.1/tcp/${this.options.port}`
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
    return this.#output.join('\n')
  }

  /** Starts the process; resolves when the node says that it is ready. */
  async start(): Promise<void> {
    const { dataDir, bootstrap, topics, network = 'demo', members = 'open' } = this.options
    const repeated = (flag: string, values: readonly string[]) => values.flatMap((value) => [flag, value])
    const child = spawn(
      process.execPath,
      [
        ...cliCommand(),
        'start',
        ...['--data', dataDir, '--network', network, '--members', members, '--many-peers-per-host'],
        ...['--listen', this.address],
        ...repeated('--bootstrap', bootstrap),
        ...repeated('--topic', topics),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.#process = child
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? code ?? 0))
    })
    const keep = (chunk: Buffer) => {
      this.#output.push(...chunk.toString().trimEnd().split('\n'))
      this.#output.splice(0, this.#output.length - KEPT_LINES)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    const client = createControlClient(dataFolder(dataDir).socket)
    try {
      await waitUntil(() => this.#answers(client, child), { what: `the node in ${dataDir} to be ready` })
    } catch (error) {
      await client.close()
      throw new Error(`the node did not start:\n${this.output}`, { cause: error })
    }
    this.#client = client
  }

  /** Ends the process with a signal. @returns its exit code, or the signal that ended it */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    const child = this.#process
    if (child === undefined) return 0
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const result = await this.#exit
    await this.#client?.close().catch(() => {})
    this.#client = undefined
    this.#process = undefined
    return result ?? 0
  }

  async #answers(client: ControlClient, child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null) return false
    const { pid } = await client.api.admin.status.query()
    return pid === child.pid
  }
}

/** The arguments that make node run the command line. */
function cliCommand(): string[] {
  const door = fileURLToPath(import.meta.resolve('@pastel-mesh/node'))
  const isSource = door.endsWith('.ts')
  const main = join(door, '..', 'cli', isSource ? 'main.ts' : 'main.js')
  return isSource ? ['--conditions=source', main] : [main]
}
