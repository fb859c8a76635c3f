import { lpStream } from '@libp2p/utils'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectRequest,
  decodeDirectResponse,
  encodeDirectRequest,
  encodeDirectResponse,
  inboxChannel,
  openBatch,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { receiptMakerOf } from './fixtures/direct-peer.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const DIRECT = '/pastel-mesh/direct/1'

/** A certified peer that asks by hand. */
async function asker(target: TestNode, identity: string) {
  const peer = await ProtocolPeer.start(identity)
  const connection = await peer.join(target.address)
  const frames = lpStream(await connection.newStream(DIRECT), { maxDataLength: 2 ** 20 })
  return async (request: DirectRequest): Promise<DirectResponse> => {
    await frames.write(encodeDirectRequest(request))
    return decodeDirectResponse((await frames.read({ signal: AbortSignal.timeout(10_000) })).subarray())
  }
}

test('who is not a recipient of a log, nor its sender, learns nothing of it', async () => {
  const carol = await startNode({ identity: 'carol' })
  const channel = inboxChannel(seededSigner('bob').pastelId)
  const writer = new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() })
  const batch = await writer.write()
  const alice = await asker(carol, 'alice')
  const left = await alice({ kind: 'deposit', id: 1, batches: [batch.envelope] })
  expect(left).toMatchObject({ refused: [], receipts: [{}] })
  const ranges = [{ log: batch.log, first: 0, last: 10 }]
  expect((await alice({ kind: 'ask', id: 2, ranges })).receipts).toHaveLength(1)
  const mallory = await asker(carol, 'mallory')
  expect((await mallory({ kind: 'ask', id: 1, ranges })).receipts).toEqual([])
  // Nor does it leave what somebody else wrote.
  const second = await writer.write()
  expect(await mallory({ kind: 'deposit', id: 2, batches: [second.envelope] })).toMatchObject({
    receipts: [],
    refused: [{ reason: 'not-its-own' }],
  })
})

test('a mailbox takes no more of one sender than its quota, and says so', async () => {
  const carol = await startNode({ identity: 'carol', mailbox: { maxSenderBytes: 1_500 } })
  const channel = inboxChannel(seededSigner('bob').pastelId)
  const writer = new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() })
  const alice = await asker(carol, 'alice')
  const answers: DirectResponse[] = []
  for (let id = 1; id <= 4; id += 1) {
    const { envelope } = await writer.write()
    answers.push(await alice({ kind: 'deposit', id, batches: [envelope] }))
  }
  expect(answers[0]?.refused).toEqual([])
  expect(answers.at(-1)).toMatchObject({ receipts: [], refused: [{ reason: 'quota' }] })
  expect(carol.store.carriedBytes().totalBytes).toBeLessThanOrEqual(1_500)
})

test('a mailbox that answers and holds nothing is asked seldom', async () => {
  const alice = await startNode({ identity: 'alice', discover: true })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await bob.stop()
  const peer = await ProtocolPeer.start('carol')
  const maker = await receiptMakerOf(peer)
  let asked = 0
  await peer.handle(DIRECT, async (stream) => {
    const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
    for (;;) {
      const request = decodeDirectRequest((await frames.read()).subarray())
      asked += 1
      const batches = request.kind === 'deposit' ? request.batches : []
      const ranges = batches.map((envelope) => {
        const { log, batch } = openBatch(envelope)
        return { log, first: batch.first, last: batch.first, outcome: 'rejected', reason: 'frozen' } as const
      })
      const receipts = await maker.make(ranges)
      await frames.write(encodeDirectResponse({ id: request.id, receipts, refused: [], error: '' }))
    }
  })
  await peer.join(alice.address)
  expect((await alice.node.send(bob.node.pastelId, { text: 'x' })).state).toBe('accepted')
  await waitUntil(() => asked > 0, { what: 'the mailbox to be asked' })
  await expect(waitUntil(() => asked > 20, { what: 'more', timeoutMs: 1_500 })).rejects.toThrow()
})

test('two questions on their way are answered in their order, and one that breaks the rules ends the stream', async () => {
  const carol = await startNode({ identity: 'carol' })
  const channel = inboxChannel(carol.node.pastelId)
  const writer = new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() })
  const [first, second] = [await writer.write(), await writer.write()]
  const peer = await ProtocolPeer.start('alice')
  const connection = await peer.join(carol.address)
  const stream = await connection.newStream(DIRECT)
  const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
  const ask = (request: DirectRequest) => frames.write(encodeDirectRequest(request))
  const answer = async () =>
    decodeDirectResponse((await frames.read({ signal: AbortSignal.timeout(10_000) })).subarray())
  await ask({ kind: 'deposit', id: 1, batches: [first.envelope] })
  // There is less to do for it, and still its answer comes after the other.
  await ask({ kind: 'ask', id: 2, ranges: [] })
  expect([(await answer()).id, (await answer()).id]).toEqual([1, 2])
  await ask({ kind: 'deposit', id: 3, batches: [second.envelope] })
  await frames.write(Uint8Array.of(1, 2, 3))
  await waitUntil(() => stream.status !== 'open', { what: 'the stream to be given up' })
  expect(carol.node.counters.direct.refused).toEqual({ frames: 1, contents: 0, answers: 0 })
})
