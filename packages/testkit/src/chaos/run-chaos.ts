import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createLocalSigner, ED448_SEED_BYTES } from '@pastel-mesh/identity'
import { generateNodeKey, nodeKeyToBytes } from '@pastel-mesh/sdk-node'
import { type Audit, audit } from './audit.ts'
import { ChaosMember } from './chaos-member.ts'
import { describeFault, type Fault, type FaultKind, isLinkFault, type LinkFault } from './fault.ts'
import type { ChaosNetwork } from './network/chaos-network.ts'
import { LoopbackNetwork } from './network/loopback-network.ts'
import { NamespaceNetwork } from './network/namespace-network.ts'
import { Random } from './random.ts'
import type { Schedule } from './schedule.ts'
import { waitForQuiet } from './wait-for-quiet.ts'

export interface ChaosOptions {
  readonly schedule: Schedule
  readonly seed: number
  /** An empty folder: data folders, records and copies are made in it, and stay. */
  readonly folder: string
  /** Each member in a network namespace of its own. @default false */
  readonly hasNamespaces?: boolean
  /** Of each member. @default 20 */
  readonly messagesPerSecond?: number
  /** @default 1000 */
  readonly syncIntervalMs?: number
  /** @default 20000 */
  readonly lostAfterMs?: number
  /** After the last fault, the longest that is waited as long as something moves, in ms. @default 30 minutes */
  readonly maxQuietMs?: number
  readonly signal?: AbortSignal
}

export interface ChaosComponents {
  readonly say: (line: string) => void
}

export interface ChaosResult extends Audit {
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** From the end of the last fault until nothing moved any more. */
  readonly quietAfterMs: number
  /** Calls of senders that were refused, by error code. */
  readonly refused: Readonly<Record<string, number>>
}

/** Members that everybody knows from the beginning; the others are found. */
const BOOTSTRAP = 2

/**
 * Runs members in processes of their own, does to them what a schedule says, lets them heal, and audits what they have.
 * @throws Error if the members do not even start; the signal's reason
 */
export async function runChaos(options: ChaosOptions, components: ChaosComponents): Promise<ChaosResult> {
  const run = new ChaosRun(options, components)
  const { signal = new AbortController().signal } = options
  const { promise: interrupted, reject } = Promise.withResolvers<never>()
  // Whatever is just done: a member may be waited for for minutes.
  const interrupt = () => {
    run.sayWhatWas()
    reject(signal.reason)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    return await Promise.race([run.run(signal), interrupted])
  } finally {
    signal.removeEventListener('abort', interrupt)
    await run.close()
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #say: (line: string) => void
  readonly #random: Random
  readonly #spoiling = new Set<LinkFault>()
  #network: ChaosNetwork | undefined
  readonly #members: ChaosMember[] = []
  readonly #faults: Partial<Record<FaultKind, number>> = {}

  constructor(options: ChaosOptions, { say }: ChaosComponents) {
    this.#options = options
    this.#say = say
    this.#random = new Random(options.seed)
  }

  async run(signal: AbortSignal): Promise<ChaosResult> {
    await this.#makeMembers(await this.#openNetwork(), signal)
    await Promise.all(this.#members.map((member) => member.start()))
    this.#say(`${this.#members.length} members run`)
    await this.#doFaults(signal)
    signal.throwIfAborted()
    this.#say('all faults are over; waiting until nothing moves any more')
    await Promise.all(this.#members.map((member) => member.heal()))
    const quietAfterMs = await waitForQuiet(this.#members, {
      maxMs: this.#options.maxQuietMs ?? 30 * 60_000,
      say: this.#say,
      signal,
    })
    this.#say(
      `quiet after ${(quietAfterMs / 1000).toFixed(1)} s; ending the processes and reading their disks`,
    )
    for (const member of this.#members) await member.end()
    const contents = []
    for (const member of this.#members) contents.push(await member.content())
    const found = audit(contents)
    const refused: Record<string, number> = {}
    for (const member of this.#members) {
      for (const [code, count] of Object.entries(member.refused)) refused[code] = (refused[code] ?? 0) + count
    }
    const problems = [...this.#members.flatMap((member) => member.problems), ...found.problems]
    return { ...found, problems, faults: this.#faults, quietAfterMs, refused }
  }

  /** What there is to say when the run ends before its time. */
  sayWhatWas(): void {
    const kinds = Object.entries(this.#faults).map(([kind, count]) => `${kind} ${count}`)
    const count = Object.values(this.#faults).reduce((sum, one) => sum + one, 0)
    const problems = this.#members.reduce((sum, member) => sum + member.problems.length, 0)
    this.#say(
      `interrupted: ${count} of ${this.#options.schedule.faults.length} faults had begun (${kinds.join(', ') || 'none'}), ${problems} problems were told; nothing was audited`,
    )
  }

  /** Ends whatever still runs. */
  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.killNow()))
    await this.#network?.close()
    for (const member of this.#members) await member.unmount()
  }

  async #openNetwork(): Promise<ChaosNetwork> {
    const { seed, schedule, hasNamespaces = false } = this.#options
    const options = { seed: seed + 1, members: schedule.plans.length }
    this.#network = hasNamespaces ? await NamespaceNetwork.open(options) : new LoopbackNetwork(options)
    return this.#network
  }

  async #makeMembers(network: ChaosNetwork, signal: AbortSignal): Promise<void> {
    const { schedule, seed, folder, messagesPerSecond, syncIntervalMs, lostAfterMs } = this.#options
    const places = []
    for (const [member] of schedule.plans.entries()) {
      const identity = seedOf(seed, member)
      const { pastelId } = createLocalSigner(identity)
      places.push({ identity, pastelId, ...(await network.join(member)) })
      signal.throwIfAborted()
    }
    for (const [member, { topics, keepsLittle, hasSmallDisk }] of schedule.plans.entries()) {
      const own = join(folder, `member-${member + 1}`)
      await mkdir(own)
      const nodeKey = nodeKeyToBytes(await generateNodeKey())
      // What is made from here on nobody would end.
      signal.throwIfAborted()
      const { identity, pastelId, launcher, ...place } = places[member] as (typeof places)[number]
      const others = places.filter((place) => place.pastelId !== pastelId)
      const job = {
        member,
        seed: Buffer.from(identity).toString('hex'),
        nodeKey: Buffer.from(nodeKey).toString('hex'),
        dataDir: join(own, 'db'),
        acceptedPath: join(folder, `member-${member + 1}-accepted`),
        shownPath: join(folder, `member-${member + 1}-shown`),
        ...place,
        bootstrap: others.slice(0, BOOTSTRAP).map((place) => place.announce),
        topics,
        pastelIds: places.map((place) => place.pastelId),
        messagesPerSecond: messagesPerSecond ?? 20,
        syncIntervalMs: syncIntervalMs ?? 1_000,
        lostAfterMs: lostAfterMs ?? 20_000,
        keepsLittle,
      }
      this.#members.push(
        new ChaosMember(
          { job, folder: own, launcher, pastelId, hasSmallDisk, seed: this.#random.between(0, 2 ** 31) },
          { say: this.#say },
        ),
      )
    }
  }

  /** Begins each fault at its time, and resolves when all are over. */
  async #doFaults(signal: AbortSignal): Promise<void> {
    const { schedule } = this.#options
    const beganMs = performance.now()
    const doing = schedule.faults.map((fault) => this.#doFault(fault, beganMs, signal))
    doing.push(delay(schedule.durationMs, undefined, { signal }).catch(() => {}))
    await Promise.all(doing)
  }

  async #doFault(fault: Fault, beganMs: number, signal: AbortSignal): Promise<void> {
    const leftMs = beganMs + fault.atMs - performance.now()
    await delay(Math.max(0, leftMs), undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    this.#faults[fault.kind] = (this.#faults[fault.kind] ?? 0) + 1
    this.#say(describeFault(fault))
    if (isLinkFault(fault)) {
      this.#spoiling.add(fault)
      await this.#network?.setFaults([...this.#spoiling])
      await delay(fault.durationMs, undefined, { signal }).catch(() => {})
      this.#spoiling.delete(fault)
      await this.#network?.setFaults([...this.#spoiling])
    } else {
      await this.#members[fault.member]?.suffer(fault, signal)
    }
  }
}

/** A PastelID's seed: the same for the same run. */
function seedOf(seed: number, member: number): Uint8Array {
  return createHash('sha512').update(`chaos ${seed} ${member}`).digest().subarray(0, ED448_SEED_BYTES)
}
