import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { table } from '@pastel-mesh/node'
import { LocalMesh } from '../mesh/local-mesh.ts'
import type { LocalNode } from '../mesh/local-node.ts'
import { waitUntil } from '../mesh/wait-until.ts'
import { LegacySupernode } from '../pasteld-emulator/legacy-supernode.ts'
import type { Latency } from '../pasteld-emulator/options.ts'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../pasteld-emulator/start-pasteld-emulator.ts'
import { type Dealt, deal, type PasteldResult, resultsOf } from './pasteld-exchange.ts'

export interface PasteldDemoOptions {
  /** Supernodes: the first half on the mesh, the other half only on their cores. */
  readonly supernodes: number
  /** Messages each way. */
  readonly messages: number
  /** Of calls to the emulated cores. @default from 10 to 400 ms */
  readonly latency?: Latency
}

export interface PasteldDemoRun {
  readonly problems: readonly string[]
  /** By supernode, in the order of their numbers. */
  readonly results: readonly PasteldResult[]
}

/** Messages that a supernode without the mesh sends at a time. */
const AT_A_TIME = 8
/** Messages of one call to a node. */
const CALL_MESSAGES = 50
const WARM_UP_MS = 1_000
/** For what takes longer the more messages there are. */
const LONG_MS = 300_000

/**
 * Supernodes whose cores an emulator of pasteld serves. Half of them are real nodes, whose keys never leave the cores and
 * whose members are the cores' list; the others speak only through their cores. All send to all of the other half, while
 * the first node's core restarts twice. What others send to a core that is down is lost, as the network of cores has it;
 * so they wait until it is back, and what goes out through it meanwhile is what is put to the test.
 */
export async function runPasteldDemo(
  { supernodes: count, messages, latency }: PasteldDemoOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<PasteldDemoRun> {
  const emulator = await startPasteldEmulator({
    supernodes: count,
    ...(latency === undefined ? {} : { latency }),
  })
  say(`an emulator of pasteld serves the cores of ${count} supernodes, as process ${emulator.pid}`)
  const half = count / 2
  const onMesh = emulator.supernodes.slice(0, half)
  const legacy = emulator.supernodes.slice(half).map((core) => new LegacySupernode(core, { pollMs: 500 }))
  let mesh: LocalMesh | undefined
  try {
    mesh = await LocalMesh.create({
      nodes: half,
      topics: [],
      members: 'pasteld',
      flags: await Promise.all(onMesh.map((core) => flagsOf(core, emulator.folder))),
    })
    const { nodes } = mesh
    await Promise.all(nodes.map((node) => node.start({ signal })))
    await allKnow(nodes, count, signal)
    say(
      `${half} nodes run, whose cores sign for them; members are the ${count} supernodes of the cores' list`,
    )
    for (const one of legacy) one.start()
    const dealt = deal(emulator.supernodes, messages)
    const exchange = new Exchange({ emulator, nodes, legacy, dealt, say, signal })
    return await exchange.run()
  } finally {
    await Promise.all(legacy.map((one) => one.stop()))
    await mesh?.remove()
    await emulator.stop()
  }
}

async function flagsOf(core: EmulatedSupernode, folder: string): Promise<string[]> {
  const passphraseFile = join(folder, `${core.name}.passphrase`)
  await writeFile(passphraseFile, core.passphrase, { mode: 0o600 })
  return [
    ...['--pasteld-conf', core.confPath, '--pasteld-signer', core.pastelId],
    ...['--pasteld-passphrase-file', passphraseFile],
    ...['--pasteld-bridge-after', '1s', '--pasteld-bridge-poll', '500ms'],
  ]
}

async function allKnow(nodes: readonly LocalNode[], members: number, signal: AbortSignal): Promise<void> {
  await waitUntil(
    async () => {
      for (const { client } of nodes) {
        const { peers } = await client.api.admin.status.query()
        if (new Set(peers.map(({ peerId }) => peerId)).size < nodes.length - 1) return false
        if ((await client.api.admin.members.list.query({})).members.length < members) return false
      }
      return true
    },
    { what: 'the nodes to find each other and the members', timeoutMs: LONG_MS, everyMs: 100, signal },
  )
}

interface ExchangeParts {
  readonly emulator: PasteldEmulator
  readonly nodes: readonly LocalNode[]
  readonly legacy: readonly LegacySupernode[]
  readonly dealt: readonly Dealt[]
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

/** All that is dealt is sent at once, and the first core restarts when a third and two thirds have arrived. */
class Exchange {
  readonly #parts: ExchangeParts
  #uncertain = 0
  /** Resolves when nobody has to wait for the core that restarts. */
  #isBack: Promise<void> = Promise.resolve()
  /** Messages on their way to the first supernode. */
  readonly #toFirst = new Set<Promise<unknown>>()

  constructor(parts: ExchangeParts) {
    this.#parts = parts
  }

  async run(): Promise<PasteldDemoRun> {
    const { dealt, nodes, legacy, say } = this.#parts
    const beganMs = performance.now()
    const sending = Promise.all([
      ...nodes.map((node, index) => this.#sendByNode(node, index)),
      ...legacy.map((one, index) => this.#sendByLegacy(one, nodes.length + index)),
    ])
    // Awaited below; a failure until then must not count as unhandled.
    sending.catch(() => {})
    for (const part of [1 / 3, 2 / 3]) await this.#restartAt(Math.floor(dealt.length * part), sending)
    await sending
    await this.#wait(
      'every message to arrive',
      async () => count(await this.#found()) >= dealt.length,
      sending,
    )
    const seconds = (performance.now() - beganMs) / 1000
    say(`${dealt.length} messages have arrived, in ${seconds.toFixed(1)} s`)
    const { results, problems } = resultsOf(
      dealt,
      await this.#found(),
      await this.#handedOver(),
      this.#parts.emulator.supernodes,
    )
    const uncertain = this.#uncertain === 0 ? [] : [`${this.#uncertain} messages of cores are uncertain`]
    return { results, problems: [...problems, ...uncertain] }
  }

  async #restartAt(count: number, sending: Promise<unknown>): Promise<void> {
    const { emulator, say, signal } = this.#parts
    await this.#wait(`${count} messages to arrive`, async () => (await this.#arrived()) >= count, sending)
    say(`${await this.#arrived()} messages have arrived; the core of supernode 1 restarts`)
    const back = Promise.withResolvers<void>()
    this.#isBack = back.promise
    try {
      await Promise.allSettled(this.#toFirst)
      await emulator.supernodes[0]?.restart(WARM_UP_MS)
      await delay(2 * WARM_UP_MS, undefined, { signal })
    } finally {
      back.resolve()
    }
  }

  async #sendByNode({ client }: LocalNode, from: number): Promise<void> {
    const own = this.#parts.dealt.filter((one) => one.from === from)
    for (const [to, group] of Map.groupBy(own, ({ to }) => to)) {
      const recipient = this.#pastelId(to)
      for (let first = 0; first < group.length; first += CALL_MESSAGES) {
        const messages = group.slice(first, first + CALL_MESSAGES).map(({ text }) => ({ type: 'demo', text }))
        await client.api.service.messages.send.mutate({ to: [recipient], messages })
      }
    }
  }

  async #sendByLegacy(one: LegacySupernode, from: number): Promise<void> {
    const { dealt, signal } = this.#parts
    const own = dealt.filter((each) => each.from === from)
    const next = own.values()
    const send = async () => {
      for (const { to, text } of next) {
        if (to === 0) await this.#isBack
        const sent = one.send(this.#pastelId(to), text, { type: 'demo', signal })
        if (to === 0) this.#toFirst.add(sent)
        const outcome = await sent.finally(() => this.#toFirst.delete(sent))
        if (outcome === 'uncertain') this.#uncertain += 1
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, send))
  }

  /** Through the cores. */
  async #arrived(): Promise<number> {
    const { nodes, legacy } = this.#parts
    const counts = await Promise.all(
      nodes.map(async ({ client }) => (await client.api.admin.pasteld.status.query())?.bridge?.takenIn ?? 0),
    )
    const received = legacy.map((one) => one.received.length)
    return [...counts, ...received].reduce((sum, count) => sum + count, 0)
  }

  /** By supernode: what it got, as it says itself. */
  async #found(): Promise<{ readonly from: string; readonly text: string; readonly via: string }[][]> {
    const { nodes, legacy } = this.#parts
    const found = await Promise.all(
      nodes.map(async ({ client }) => {
        const all: { from: string; text: string; via: string }[] = []
        let next: string | undefined
        do {
          const page = await client.api.service.messages.list.query({
            inbox: true,
            limit: 500,
            ...(next === undefined ? {} : { from: next }),
          })
          for (const message of page.messages) {
            const text = 'text' in message ? message.text : ''
            all.push({ from: message.sender, text, via: message.via ?? 'mesh' })
          }
          next = page.next
        } while (next !== undefined)
        return all
      }),
    )
    const others = legacy.map((one) =>
      one.received.map(({ from, message }) => ({ from, text: message, via: 'pasteld' })),
    )
    return [...found, ...others]
  }

  /** By node: messages that its own word says went through its core. */
  async #handedOver(): Promise<number[]> {
    return Promise.all(
      this.#parts.nodes.map(async ({ client }) => {
        const status = await client.api.admin.pasteld.status.query()
        return status?.bridge?.handedOver ?? 0
      }),
    )
  }

  #pastelId(index: number): string {
    return this.#parts.emulator.supernodes[index]?.pastelId ?? ''
  }

  /** @throws what ended the sending, too */
  async #wait(what: string, condition: () => Promise<boolean>, sending: Promise<unknown>): Promise<void> {
    const { signal } = this.#parts
    const failed = new AbortController()
    sending.catch((error) => failed.abort(error))
    const both = AbortSignal.any([signal, failed.signal])
    await waitUntil(condition, { what, timeoutMs: LONG_MS, everyMs: 250, signal: both })
  }
}

function count(found: readonly (readonly unknown[])[]): number {
  return found.reduce((sum, { length }) => sum + length, 0)
}

export function describePasteldRun({ results }: PasteldDemoRun): string {
  const head = ['supernode', 'PastelID', 'reached by', 'sent', 'received', 'once', 'from whom it was']
  const rows = results.map(({ name, pastelId, way, sent, received, once, right }) => [
    name,
    `${pastelId.slice(0, 12)}…`,
    way,
    String(sent),
    String(received),
    once ? 'all' : 'NO',
    right ? 'all' : 'NO',
  ])
  return table([head, ...rows], { align: 'right' })
}
