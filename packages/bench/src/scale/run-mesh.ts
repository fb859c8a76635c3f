import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { dataFolder } from '@pastel-mesh/node'
import { BenchProcess } from '../child-process.ts'
import type { MemoryUse } from '../memory-use.ts'
import { median } from '../statistics.ts'
import type { FromChild, Kind, ToChild, Use } from './protocol.ts'

export interface MeshOptions {
  readonly kind: Kind
  readonly nodes: number
  /** Members besides, which there are not: one node has their certificates when it starts. */
  readonly known: number
  /** Of all nodes together. */
  readonly perSecond: number
  readonly sizeBytes: number
  readonly warmupMs: number
  readonly idleMs: number
  readonly loadMs: number
  /** Published at once, by one node. */
  readonly bulkMessages: number
}

/** What delivering messages took, idle nodes' share subtracted. */
export interface Cost {
  /** Messages, each counted at each node that got it. */
  readonly deliveries: number
  /** Of all processes. */
  readonly cpuMs: number
  /** Written to sockets by all processes. */
  readonly bytes: number
  /** Copies of what was there, for each delivery. */
  readonly duplicates: number
}

/** What one node at rest does, on average. */
export interface Rest {
  /** Of one core. */
  readonly cpuPercent: number
  /** Written to its sockets. */
  readonly bytesPerSecond: number
  /** Of these, written on streams of a protocol, without frames and encryption. */
  readonly sentPerSecond: Readonly<Record<string, number>>
}

export interface MeshRun {
  readonly nodes: number
  /** Connections of a node: on average, and of the one that has most. */
  readonly degree: number
  readonly maxDegree: number
  /** From the start of the last node until each knows all and is connected. */
  readonly formMs: number
  /** Of all processes until then, since they were begun. */
  readonly formCpuMs: number
  readonly formBytes: number
  /** Until the first node answered. */
  readonly startMs: number
  /** Of one certificate of those that were made up; 0: there were none. */
  readonly certificateBytes: number
  readonly rest: Rest
  readonly memory: MemoryUse
  readonly single: Cost
  readonly bulk: Cost
  /** Messages that were accepted, and are not at some node. */
  readonly missing: number
}

type Child = BenchProcess<ToChild, FromChild>

/** Log sync's defaults: so many peers are asked each time, the longest pause between two times. */
const ASKED_AT_A_TIME = 3
const ASKED_EVERY_MS = 4_000 * 1.2

/** Connections that a node makes by itself, and that the baseline's nodes make. */
const CONNECTIONS = 6

/** Runs so many processes until they know each other, at rest, and while they say something. */
export async function runMesh(options: MeshOptions): Promise<MeshRun> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const children = Array.from(
    { length: options.nodes },
    (): Child => new BenchProcess<ToChild, FromChild>('./child', import.meta.url),
  )
  try {
    return await new Mesh(options, children, folder).run()
  } finally {
    await Promise.all(children.map((child) => child.end({ type: 'end' })))
    await rm(folder, { recursive: true, force: true })
  }
}

/** In that time every node has asked each of its peers. */
function restAfterMs({ uses }: MeshUse): number {
  const links = Math.max(...uses.map(({ peers }) => peers))
  return (Math.ceil(links / ASKED_AT_A_TIME) + 1) * ASKED_EVERY_MS
}

class Mesh {
  readonly #options: MeshOptions
  readonly #children: readonly Child[]
  readonly #folder: string
  /** Messages of each node that were accepted. */
  readonly #published: number[]

  constructor(options: MeshOptions, children: readonly Child[], folder: string) {
    this.#options = options
    this.#children = children
    this.#folder = folder
    this.#published = children.map(() => 0)
  }

  async run(): Promise<MeshRun> {
    const { perSecond, warmupMs, idleMs, loadMs } = this.#options
    const certificateBytes = await this.#prepare()
    const { startMs, formMs } = await this.#form()
    const formed = await this.#use()
    if (warmupMs > 0) await this.#publish(perSecond, warmupMs)
    await this.#deliver()

    // At its first question after a message a peer still tells of the logs that grew: once, and not at rest.
    await delay(restAfterMs(await this.#use()))
    const before = await this.#use()
    await delay(idleMs)
    const after = await this.#use()
    const rest = restOf(before, after)
    const memories = await Promise.all(
      this.#children.map(async (child) => (await child.ask({ type: 'memory' }, 'remembered')).memory),
    )
    const single = await this.#measure(rest, () => this.#publish(perSecond, loadMs))
    const bulk = await this.#measure(rest, () => this.#bulk())
    const degrees = after.uses.map(({ peers }) => peers)
    return {
      nodes: this.#options.nodes,
      degree: degrees.reduce((sum, peers) => sum + peers, 0) / degrees.length,
      maxDegree: Math.max(...degrees),
      formMs,
      formCpuMs: formed.total.cpuMs,
      formBytes: formed.total.bytes,
      startMs,
      certificateBytes,
      rest,
      memory: {
        rssMb: median(memories.map(({ rssMb }) => rssMb)),
        ownMb: median(memories.map(({ ownMb }) => ownMb)),
        heapMb: median(memories.map(({ heapMb }) => heapMb)),
      },
      single: single.cost,
      bulk: bulk.cost,
      missing: single.missing + bulk.missing,
    }
  }

  /** Makes keys, and tells every node who belongs to the mesh. */
  async #prepare(): Promise<number> {
    const { kind, known } = this.#options
    const folders = this.#children.map((_, i) => join(this.#folder, `node-${i}`))
    const prepared = await Promise.all(
      this.#children.map(async (child, i) => {
        const directory = folders[i] as string
        await mkdir(directory, { mode: 0o700 })
        return child.ask({ type: 'prepare', kind, directory }, 'prepared')
      }),
    )
    if (kind !== 'mesh') return 0
    const members = prepared.map(({ pastelId }) => pastelId)
    let certificateBytes = 0
    if (known > 0) {
      const [first] = this.#children as [Child]
      const filled = await first.ask(
        { type: 'fill-book', directory: folders[0] as string, count: known },
        'filled',
      )
      members.push(...filled.pastelIds)
      certificateBytes = filled.certificateBytes
    }
    for (const directory of folders) {
      await writeFile(dataFolder(directory).members, `${members.join('\n')}\n`, { mode: 0o600 })
    }
    return certificateBytes
  }

  /** Nodes of ours are told the address of the first, and connect to others by themselves. */
  async #form(): Promise<{ startMs: number; formMs: number }> {
    const { kind, nodes, known } = this.#options
    const [first, ...others] = this.#children as [Child, ...Child[]]
    const { address, tookMs: startMs } = await first.ask({ type: 'start', bootstrap: [] }, 'started')
    const beganMs = performance.now()
    if (kind === 'mesh') {
      await Promise.all(others.map((child) => child.ask({ type: 'start', bootstrap: [address] }, 'started')))
    } else {
      const addresses = [address]
      for (const child of others) {
        const bootstrap = chosen(addresses, CONNECTIONS)
        addresses.push((await child.ask({ type: 'start', bootstrap }, 'started')).address)
      }
    }
    const subscribers = Math.min(CONNECTIONS, nodes - 1)
    const allKnown = kind === 'mesh' ? nodes - 1 + known : 0
    await Promise.all(
      this.#children.map((child) => child.ask({ type: 'form', subscribers, known: allKnown }, 'formed')),
    )
    return { startMs, formMs: performance.now() - beganMs }
  }

  async #publish(perSecond: number, forMs: number): Promise<void> {
    const { nodes, sizeBytes: size } = this.#options
    const share = perSecond / nodes
    await Promise.all(
      this.#children.map(async (child, i) => {
        const { messages } = await child.ask({ type: 'publish', perSecond: share, forMs, size }, 'published')
        this.#published[i] = (this.#published[i] ?? 0) + messages
      }),
    )
  }

  async #bulk(): Promise<void> {
    const { bulkMessages: messages, sizeBytes: size } = this.#options
    const [first] = this.#children as [Child]
    await first.ask({ type: 'bulk', messages, size }, 'published')
    this.#published[0] = (this.#published[0] ?? 0) + messages
  }

  /** Waits until every message is everywhere. @returns how many deliveries there were until now, and how many lack */
  async #deliver(): Promise<{ deliveries: number; missing: number }> {
    const total = this.#published.reduce((sum, count) => sum + count, 0)
    const expected = this.#published.map((own) => total - own)
    const delivered = await Promise.all(
      this.#children.map((child, i) =>
        child.ask({ type: 'deliver', messages: expected[i] as number }, 'delivered'),
      ),
    )
    const deliveries = delivered.reduce((sum, { messages }) => sum + messages, 0)
    return { deliveries, missing: expected.reduce((sum, count) => sum + count, 0) - deliveries }
  }

  async #measure(
    { cpuPercent, bytesPerSecond }: Rest,
    act: () => Promise<void>,
  ): Promise<{ cost: Cost; missing: number }> {
    const already = await this.#deliver()
    const before = await this.#use()
    await act()
    const { deliveries, missing } = await this.#deliver()
    const after = await this.#use()
    const seconds = (after.atMs - before.atMs) / 1000
    const count = deliveries - already.deliveries
    const nodes = this.#children.length
    const cost = {
      deliveries: count,
      cpuMs: Math.max(0, after.total.cpuMs - before.total.cpuMs - cpuPercent * 10 * seconds * nodes),
      bytes: Math.max(0, after.total.bytes - before.total.bytes - bytesPerSecond * seconds * nodes),
      duplicates: (after.total.duplicates - before.total.duplicates) / count,
    }
    return { cost, missing: missing - already.missing }
  }

  async #use(): Promise<MeshUse> {
    const uses = await Promise.all(
      this.#children.map(async (child) => (await child.ask({ type: 'use' }, 'used')).use),
    )
    const sum = (of: (use: Use) => number) => uses.reduce((total, use) => total + of(use), 0)
    return {
      atMs: performance.now(),
      uses,
      total: {
        cpuMs: sum(({ cpuMs }) => cpuMs),
        bytes: sum(({ sockets }) => sockets.written),
        duplicates: sum(({ duplicates }) => duplicates),
      },
    }
  }
}

/** What all processes used since they began. */
interface MeshUse {
  readonly atMs: number
  readonly uses: readonly Use[]
  readonly total: { readonly cpuMs: number; readonly bytes: number; readonly duplicates: number }
}

function restOf(before: MeshUse, after: MeshUse): Rest {
  const nodes = after.uses.length
  const nodeSeconds = ((after.atMs - before.atMs) / 1000) * nodes
  const protocols = new Set(after.uses.flatMap(({ sent }) => Object.keys(sent)))
  const sentPerSecond = Object.fromEntries(
    [...protocols].map((protocol) => {
      const sum = ({ uses }: MeshUse) => uses.reduce((total, { sent }) => total + (sent[protocol] ?? 0), 0)
      return [protocol, (sum(after) - sum(before)) / nodeSeconds]
    }),
  )
  return {
    cpuPercent: (after.total.cpuMs - before.total.cpuMs) / 10 / nodeSeconds,
    bytesPerSecond: (after.total.bytes - before.total.bytes) / nodeSeconds,
    sentPerSecond,
  }
}

/** Some of the items, chosen at random. */
function chosen<T>(items: readonly T[], count: number): T[] {
  const left = [...items]
  const taken: T[] = []
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(Math.random() * left.length), 1))
  }
  return taken
}
