import { randomBytes } from 'node:crypto'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inChunks, PUBLISH_LIMITS } from '@pastel-mesh/node'
import type { LocalNode } from '../mesh/local-node.ts'
import { waitUntil } from '../mesh/wait-until.ts'
import { type DemoRun, hashOf } from './check-demo.ts'
import { areJobsDone, checkJobs } from './check-jobs.ts'
import type { DemoOptions } from './options.ts'
import { sendDirect } from './send-direct.ts'

export const DEMO_TOPIC = 'demo'
/** The node, from 0 on, that makes a job of each message: the one that is restarted. */
const JOB_NODE = 1
/** What the nodes run that are more than `pmesh start`, by their numbers. */
export const DEMO_PROGRAMS = {
  [JOB_NODE]: fileURLToPath(import.meta.resolve(`./job-node${extname(import.meta.url)}`)),
}

/** Messages of one call to a node. */
const LIMITS = { ...PUBLISH_LIMITS, maxCount: 200 }
/** For what takes longer the more messages there are. */
const LONG_MS = 300_000

/**
 * Publishes on all nodes at once. The last node is started when a third is out; the second is restarted when it
 * has sent half of its share. When all have everything, the first sends direct messages to the last.
 *
 * @throws the first failure, or the signal's reason, when everything that was begun has ended
 */
export async function runDemo(
  nodes: readonly LocalNode[],
  options: DemoOptions,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<DemoRun> {
  return new Demo(nodes, options, say, signal).run()
}

class Demo {
  readonly #nodes: readonly LocalNode[]
  readonly #options: DemoOptions
  readonly #say: (line: string) => void
  readonly #accepted = new Map<string, string>()
  readonly #published: number[]
  readonly #upMs: [number, number][][]
  /** Aborts when one node's part fails, so that the others do not go on. */
  readonly #failed = new AbortController()
  readonly #signal: AbortSignal

  constructor(
    nodes: readonly LocalNode[],
    options: DemoOptions,
    say: (line: string) => void,
    signal: AbortSignal = new AbortController().signal,
  ) {
    this.#nodes = nodes
    this.#options = options
    this.#say = say
    this.#published = nodes.map(() => 0)
    this.#upMs = nodes.map(() => [])
    this.#signal = AbortSignal.any([signal, this.#failed.signal])
  }

  async run(): Promise<DemoRun> {
    const late = this.#nodes.length - 1
    const early = this.#nodes.slice(0, late)
    await this.#all(early, (_, index) => this.#up(index))
    await this.#waitForMesh(early)
    this.#say(`${late} nodes run and know each other; node ${late + 1} will be late`)
    this.#say(describeTransports(this.#nodes))
    const beganMs = performance.now()
    await this.#all(this.#nodes, (_, index) => this.#publishShare(index))
    this.#say(`${this.#accepted.size} messages are signed and on disk where they were written`)
    await this.#waitForMessages(this.#accepted.size)
    const durationMs = performance.now() - beganMs
    this.#say(`every node says that it stores ${this.#accepted.size} messages`)
    const jobNode = this.#node(JOB_NODE)
    await this.#wait('every message to be a job that is done', () =>
      areJobsDone(jobNode, this.#accepted.size),
    )
    const jobs = await checkJobs(JOB_NODE, jobNode, this.#accepted)
    this.#say(`node ${JOB_NODE + 1} did ${jobs.done} jobs, which it made of them`)
    const pastelIds = await Promise.all(
      this.#nodes.map(async ({ client }) => (await client.api.admin.status.query()).pastelId),
    )
    const direct = await sendDirect({
      nodes: this.#nodes,
      pastelIds,
      say: this.#say,
      up: (index) => this.#up(index),
      down: (index) => this.#down(index),
      wait: (what, condition) => this.#wait(what, condition),
    })
    return {
      pastelIds,
      durationMs,
      direct,
      jobs,
      accepted: this.#accepted,
      published: this.#published,
      upMs: this.#upMs,
    }
  }

  async #publishShare(index: number): Promise<void> {
    const { messages } = this.#options
    const upTo = (node: number) => Math.floor((messages * node) / this.#nodes.length)
    const half = Math.floor((upTo(index) + upTo(index + 1)) / 2)
    const name = `node ${index + 1}`
    if (index === 1) {
      await this.#publish(index, upTo(index), half)
      await this.#down(index)
      this.#say(`${name} stopped after ${this.#published[index]} messages`)
      await this.#up(index)
      this.#say(`${name} runs again`)
      await this.#publish(index, half, upTo(index + 1))
      return
    }
    if (index === this.#nodes.length - 1) {
      await this.#wait('a third of the messages', () => this.#accepted.size >= Math.floor(messages / 3))
      await this.#up(index)
      this.#say(`${name} runs too, ${this.#accepted.size} messages late`)
    }
    await this.#publish(index, upTo(index), upTo(index + 1))
  }

  /** Publishes the messages of a range, of all that there are. */
  async #publish(index: number, from: number, to: number): Promise<void> {
    for await (const texts of inChunks(makeTexts(this.#options, from, to), LIMITS)) {
      this.#signal.throwIfAborted()
      const { ids } = await this.#node(index).client.api.service.messages.publish.mutate(
        { topic: DEMO_TOPIC, messages: texts.map((text) => ({ text })) },
        { signal: this.#signal },
      )
      for (const [i, id] of ids.entries()) this.#accepted.set(id, hashOf(texts[i] as string))
      this.#published[index] = (this.#published[index] ?? 0) + ids.length
    }
  }

  async #up(index: number): Promise<void> {
    await this.#node(index).start({ signal: this.#signal })
    this.#upMs[index]?.push([Date.now(), Number.POSITIVE_INFINITY])
  }

  async #down(index: number): Promise<void> {
    const stretch = this.#upMs[index]?.at(-1)
    if (stretch !== undefined) stretch[1] = Date.now()
    await this.#node(index).end()
  }

  async #waitForMesh(nodes: readonly LocalNode[]): Promise<void> {
    await this.#wait('the nodes to find each other', async () => {
      for (const { client } of nodes) {
        const { peers, topics } = await client.api.admin.status.query()
        if (new Set(peers.map(({ peerId }) => peerId)).size < nodes.length - 1) return false
        if ((topics[0]?.peers ?? 0) < nodes.length - 1) return false
      }
      return true
    })
  }

  async #waitForMessages(count: number): Promise<void> {
    await this.#wait(`every node to store ${count} messages`, async () => {
      for (const { client } of this.#nodes) {
        if ((await client.api.admin.status.query()).store.messages < count) return false
      }
      return true
    })
  }

  async #wait(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await waitUntil(condition, { what, timeoutMs: LONG_MS, everyMs: 50, signal: this.#signal })
  }

  /** Does something with all nodes at once. Nothing of it still runs when this returns or throws. */
  async #all(nodes: readonly LocalNode[], work: (node: LocalNode, index: number) => Promise<void>) {
    let failure: { readonly error: unknown } | undefined
    const done = nodes.map((node, index) =>
      work(node, index).catch((error: unknown) => {
        failure ??= { error: this.#signal.aborted ? error : explain(error, node, index) }
        this.#failed.abort(error)
      }),
    )
    await Promise.all(done)
    if (failure !== undefined) throw (failure as { error: unknown }).error
  }

  #node(index: number): LocalNode {
    return this.#nodes[index] as LocalNode
  }
}

function describeTransports(nodes: readonly LocalNode[]): string {
  const on = (transport: string) =>
    nodes
      .map(({ options }, index) => ((options.transport ?? 'tcp') === transport ? index + 1 : 0))
      .filter((number) => number > 0)
      .join(', ')
  return `reached by TCP: nodes ${on('tcp')}; by WebSocket: nodes ${on('ws')}`
}

/** What a node said tells more than what a call to it got. */
function explain(error: unknown, node: LocalNode, index: number): Error {
  const { message } = error as Error
  return new Error(`node ${index + 1}: ${message}\n${node.output}`, { cause: error })
}

function* makeTexts({ texts, size }: DemoOptions, from: number, to: number): Generator<string> {
  for (let i = from; i < to; i += 1) yield texts?.[i % texts.length] ?? randomText(size)
}

function randomText(size: number): string {
  return randomBytes(Math.ceil((size * 3) / 4))
    .toString('base64')
    .slice(0, size)
}
