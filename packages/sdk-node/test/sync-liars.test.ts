import { expect, test } from 'vitest'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { forged } from './fixtures/inbound.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, numbered, startNode, stores } from './fixtures/nodes.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

async function* endlessly<T>(make: () => T): AsyncGenerator<T> {
  for (;;) {
    yield make()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const write = (identity: string, channel = 'topic/test') => new LogWriter({ identity, channel }).write()

/** What a holder does wrong, given one batch that it holds. */
const liars: [what: string, arrange: (holder: BatchHolder) => void | Promise<void>][] = [
  [
    'answers with other questions’ ids',
    (holder) => {
      holder.heads = (request) => [holder.honestHeads({ ...request, id: request.id + 1 })]
    },
  ],
  [
    'answers heads with ranges',
    (holder) => {
      holder.heads = ({ id }) => [{ kind: 'ranges', id, batches: [], denied: [], pruned: [], done: true }]
    },
  ],
  [
    'answers ranges with heads',
    (holder) => {
      holder.ranges = ({ id }) => [holder.honestHeads({ kind: 'heads', id, channels: [] })]
    },
  ],
  [
    'answers with an error',
    (holder) => {
      holder.heads = ({ id }) => [{ kind: 'error', id, error: 'bad-request' }]
    },
  ],
  [
    'sends bytes that are no frame',
    (holder) => {
      holder.heads = () => [Uint8Array.from({ length: 64 }, (_, i) => 255 - i)]
    },
  ],
  [
    'sends a frame that is too large',
    (holder) => {
      holder.heads = () => [new Uint8Array(1024 * 1024 + 1)]
    },
  ],
  [
    'closes in the middle of an answer',
    (holder) => {
      holder.ranges = () => {
        throw new Error('gone')
      }
    },
  ],
  [
    'announces heads of channels that nobody asked for',
    async (holder) => {
      const [{ batch, hash }] = [await write('mallory', 'topic/other')]
      const { sender, channel, run } = batch
      holder.heads = (request) => [
        { ...holder.honestHeads(request), heads: [{ sender, channel, run, position: 0, hash }] },
      ]
    },
  ],
  [
    'has always more, at the same place',
    (holder) => {
      holder.heads = (request) => [{ ...holder.honestHeads(request), more: true }]
    },
  ],
  [
    'has always more, of nothing',
    (holder) => {
      let position = 1
      holder.heads = (request) => {
        position += 1
        return [{ ...holder.honestHeads(request), heads: [], next: holder.cursor(position), more: true }]
      }
    },
  ],
  [
    'starts over again and again',
    (holder) => {
      holder.heads = (request) => [
        { ...holder.honestHeads(request), heads: [], next: holder.cursor(1), more: true, reset: true },
      ]
    },
  ],
  [
    'answers with batches of a topic that nobody asked for',
    async (holder) => {
      const { envelope } = await write('mallory', 'topic/other')
      holder.ranges = (request) => [{ ...holder.honestRanges(request), batches: [envelope] }]
    },
  ],
  [
    'answers with batches for somebody’s inbox',
    async (holder) => {
      const { envelope } = await write(
        'mallory',
        `inbox/${new LogWriter({ identity: 'bob' }).signer.pastelId}`,
      )
      holder.ranges = (request) => [{ ...holder.honestRanges(request), batches: [envelope] }]
    },
  ],
  [
    'answers with another log of the same topic',
    async (holder) => {
      const { envelope } = await write('trudy')
      holder.ranges = (request) => [{ ...holder.honestRanges(request), batches: [envelope] }]
    },
  ],
  [
    'answers with batches under bad signatures',
    async (holder) => {
      const [signed] = holder.batches
      if (signed === undefined) return
      holder.ranges = (request) => [{ ...holder.honestRanges(request), batches: [forged(signed)] }]
    },
  ],
  [
    'answers with bytes that are no batch',
    (holder) => {
      holder.ranges = (request) => [{ ...holder.honestRanges(request), batches: [new Uint8Array(300)] }]
    },
  ],
  [
    'never comes to an end, with nothing',
    (holder) => {
      holder.ranges = ({ id }) =>
        endlessly(() => ({ kind: 'ranges', id, batches: [], denied: [], pruned: [], done: false }))
    },
  ],
  [
    'never comes to an end, with the same batches',
    (holder) => {
      holder.ranges = (request) =>
        endlessly(() => ({
          ...holder.honestRanges(request),
          batches: Array(500).fill(holder.batches[0]?.envelope),
          done: false,
        }))
    },
  ],
  [
    'never comes to an end, with denials',
    (holder) => {
      holder.ranges = ({ id, ranges }) =>
        endlessly(() => ({ kind: 'ranges', id, batches: [], denied: ranges, pruned: [], done: false }))
    },
  ],
]

test.each(liars)('a holder that %s is dropped, and others serve', async (what, arrange) => {
  const holder = new BatchHolder([await write('mallory')])
  await arrange(holder)
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await alice.node.publishMany('test', numbered(600))
  await joinHolder(bob, holder)
  await waitUntil(() => holder.dropped > 0, { what: 'the liar to be dropped', timeoutMs: 5000 })
  // Hanging up breaks no rule.
  if (!what.startsWith('closes')) {
    expect(bob.errors.length).toBeGreaterThan(0)
    expect(bob.node.counters.sync.refused).toBeGreaterThan(0)
  }
  await connect(bob, alice)
  await stores(bob, 600)
  // Nothing but what was asked for, and what is right, got in.
  expect(bob.store.end).toBeLessThanOrEqual(601)
})
