import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { LocalNode, type LocalNodeOptions, localAddress } from './local-node.ts'

export interface LocalMeshOptions {
  readonly nodes: number
  readonly topics: readonly string[]
  /** What the first node listens on, the second and so on; repeated. @default ['tcp'] */
  readonly transports?: readonly ('tcp' | 'ws')[]
  /** Free space that nodes leave on the disk, in MiB. @default the nodes' own */
  readonly minFreeMiB?: number
  /** Who is a member, at all nodes. @default 'open' */
  readonly members?: LocalNodeOptions['members']
  /** Further flags of the first node, the second and so on. @default none */
  readonly flags?: readonly (readonly string[])[]
  /** What runs a node instead of `pmesh start`, by its number from 0 on. @default none */
  readonly programs?: Readonly<Record<number, string>>
}

/** Nodes in processes of their own on this machine, each of which knows the addresses of all others. */
export class LocalMesh {
  readonly nodes: readonly LocalNode[]
  readonly #folder: string

  static async create({
    nodes,
    topics,
    transports = ['tcp'],
    programs = {},
    flags = [],
    members = 'open',
    ...rest
  }: LocalMeshOptions): Promise<LocalMesh> {
    const folder = await mkdtemp(join(tmpdir(), 'pmesh-'))
    const places: Pick<LocalNodeOptions, 'port' | 'transport'>[] = []
    for (let i = 0; i < nodes; i += 1) {
      places.push({ port: await freePort(), transport: transports[i % transports.length] ?? 'tcp' })
    }
    const made = places.map(
      (place, i) =>
        new LocalNode({
          ...place,
          dataDir: join(folder, `node-${i + 1}`),
          topics,
          members,
          flags: flags[i] ?? [],
          ...rest,
          ...(programs[i] === undefined ? {} : { program: programs[i] }),
          bootstrap: places.filter((other) => other !== place).map(localAddress),
        }),
    )
    return new LocalMesh(folder, made)
  }

  private constructor(folder: string, nodes: readonly LocalNode[]) {
    this.#folder = folder
    this.nodes = nodes
  }

  /** Ends every process. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()))
  }

  /** Ends every process and removes the data folders. */
  async remove(): Promise<void> {
    await this.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** The same at once: for a process that is about to end. */
  removeNow(): void {
    for (const node of this.nodes) void node.end('SIGKILL')
    // A process that is on its way out may still make a file.
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  }
}
