import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { jsonOf } from '@pastel-mesh/protocol'
import { createQueue, levelDriver } from '@pastel-mesh/queue'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import { createStore } from '@pastel-mesh/storage'
import { expect, it, onTestFinished } from 'vitest'
import { startNode, type TestNode } from '../../sdk-node/test/fixtures/nodes.ts'
import { Random } from '../../storage/test/fixtures/random.ts'
import { type AuditedMessage, auditStore } from '../../testkit/src/mesh/audit-store.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { dataFolder } from '../src/data-folder.ts'
import { jobData } from './fixtures/bound-node.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import type { MessageJobNodeOptions } from './fixtures/message-job-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const isFull = process.env.PMESH_TEST_FULL !== undefined
const KILLS = isFull ? 50 : 4
/** Messages to the topic in each life, and half as many to the inbox. */
const MESSAGES_A_LIFE = 60

const SCRIPT = fileURLToPath(new URL('./fixtures/message-job-node.ts', import.meta.url))
const NETWORK = 'testnet'

interface Life {
  /** Lines of what it said, so far. */
  readonly lines: string[]
  readonly exited: Promise<[code: number | null, signal: NodeJS.Signals | null]>
  kill(signal: NodeJS.Signals): void
}

function live(options: MessageJobNodeOptions, onLine: (line: string) => void = () => {}): Life {
  const child = spawn(process.execPath, ['--conditions=source', SCRIPT, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    onLine(line)
  })
  const exited = once(child, 'exit') as Life['exited']
  return { lines, exited, kill: (signal) => void child.kill(signal) }
}

/** Sends to the topic and the inbox until a life is over; what was accepted is counted. */
class Load {
  readonly texts: string[] = []
  readonly #peer: TestNode
  readonly #to: MessageJobNodeOptions['peer']['pastelId']

  constructor(peer: TestNode, to: MessageJobNodeOptions['peer']['pastelId']) {
    this.#peer = peer
    this.#to = to
  }

  /** So many to the topic, and half as many to the inbox, in a few batches. */
  async send(count: number): Promise<void> {
    for (let i = 0; i < count; i += 4) {
      const texts = Array.from(
        { length: 6 },
        (_, n) => `${n < 4 ? 'topic' : 'inbox'} ${this.texts.length + n}`,
      )
      const inputs = texts.map((text) => ({ text }))
      await this.#peer.node.publishMany('in', inputs.slice(0, 4))
      await this.#peer.node.sendMany(this.#to, inputs.slice(4))
      this.texts.push(...texts)
    }
  }
}

/** What somebody received of the jobs' messages, as `<message that it is of> <number>`. */
const about = (message: { readonly body: Uint8Array }) => {
  const { of, n } = jsonOf(message) as { of: string; n: number }
  return `${of} ${n}`
}

it('a node killed at any moment makes one job of each message, and each job sends each of its messages once', async () => {
  const dataDir = await temporaryFolder()
  const pastelId = await makeCheapIdentity(dataDir)
  const peer = await startNode({ identity: 'peer', topics: ['in', 'out'], discover: true })
  const load = new Load(peer, pastelId)
  const options: MessageJobNodeOptions = {
    dataDir,
    network: NETWORK,
    peer: { address: peer.address, pastelId: peer.node.pastelId },
  }
  const random = new Random('message jobs')
  for (let round = 0; round < KILLS; round += 1) {
    // As a job or what a job sends is on disk, which is between two commits if bookmark and job, or key and message, are
    // not one; as a job begins; while it starts.
    const word = ['added', 'stored', 'stored', 'added', 'job', 'ready'][round % 6]
    const count = word === 'ready' ? 0 : random.below(MESSAGES_A_LIFE / 2)
    let said = 0
    const life = live(options, (line) => {
      if (!line.startsWith(`${word} `) && line !== word) return
      said += 1
      if (said > count) life.kill('SIGKILL')
    })
    // While it starts, and while it works.
    const [[code, signal]] = await Promise.all([life.exited, load.send(MESSAGES_A_LIFE)])
    expect([code, signal], life.lines.join('\n')).toEqual([null, 'SIGKILL'])
  }

  const last = live(options)
  const { texts } = load
  // More would be jobs that were made twice.
  const done = () => Math.max(...last.lines.map((line) => Number(/^idle (\d+)$/.exec(line)?.[1] ?? 0)))
  await waitUntil(() => done() >= texts.length, {
    what: `${texts.length} jobs to be done`,
    timeoutMs: isFull ? 600_000 : 60_000,
  })
  const sent = texts.flatMap((text) => [`${text} 1`, `${text} 3`]).sort()
  const direct = texts.map((text) => `${text} 2`).sort()
  // What the peer got, in the end.
  const [outAtPeer, directAtPeer] = await Promise.all([
    gather(peer.node.subscribe('out', { from: 'start' }), sent.length),
    gather(peer.node.inbox({ cursor: 'start' }), direct.length),
  ])
  expect(outAtPeer.map(about).sort()).toEqual(sent)
  expect(directAtPeer.map(about).sort()).toEqual(direct)
  last.kill('SIGTERM')
  expect(await last.exited).toEqual([0, null])
  expect(last.lines.filter((line) => line.startsWith('error '))).toEqual([])

  // What is on its disk: nothing twice, nothing missing, no keys left over.
  const directory = dataFolder(dataDir).database
  const audit = await auditStore(directory)
  expect(audit.problems).toEqual([])
  const jsonIn = (messages: Iterable<AuditedMessage | undefined>) =>
    [...messages].filter((message) => message?.contentType === 'json') as AuditedMessage[]
  expect(jsonIn(audit.messages.values()).map(about).sort()).toEqual(sent)
  expect(jsonIn(audit.direct.values()).map(about).sort()).toEqual(direct)
  const store = createStore({ directory })
  await store.start()
  onTestFinished(() => store.stop())
  // As its own: to look must not remove.
  const retention = { done: { ageMs: 1e12, count: 1e6 } }
  const queue = createQueue({ driver: levelDriver({ retention }, { store }) })
  await queue.start()
  onTestFinished(() => queue.stop())
  const made = [...(await jobData(queue, 'of-topic')), ...(await jobData(queue, 'of-inbox'))]
  expect(made.map((data) => (data as { text: string }).text).sort()).toEqual([...texts].sort())
  for await (const [name] of store.values.read('once/')) expect(name).toBe('')
}, 1_800_000)

async function gather(entries: AsyncGenerator<{ kind: string }>, count: number): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = []
  for await (const entry of entries) {
    if (entry.kind === 'message') messages.push(entry as ReceivedMessage)
    if (messages.length === count) break
  }
  return messages
}
