import type { Connection } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  decodeDirectRequest,
  encodeDirectRequest,
  encodeDirectResponse,
  generateSealingKey,
  inboxChannel,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { DirectRequester } from '../src/direct/direct-requester.ts'
import { DirectServer } from '../src/direct/direct-server.ts'
import { forged } from './fixtures/inbound.ts'
import { startNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const DIRECT = '/pastel-mesh/direct/1'

/** Asks once, on a stream of its own. Resolves when that has ended. */
async function askWrongly(connection: Connection, bytes: Uint8Array): Promise<void> {
  const stream = await connection.newStream(DIRECT)
  await lpStream(stream, { maxDataLength: 2 ** 20 })
    .write(bytes)
    .catch(() => {})
  await waitUntil(() => stream.status !== 'open', { what: 'the stream to be given up' })
}

test.each<['frames' | 'contents', () => Promise<Uint8Array>]>([
  ['frames', async () => Uint8Array.of(1, 2, 3)],
  ['frames', async () => new Uint8Array(2 ** 20 + 1)],
  [
    'contents',
    async () => {
      const channel = inboxChannel(seededSigner('carol').pastelId)
      const batch = await new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() }).write()
      return encodeDirectRequest({ kind: 'deposit', id: 1, batches: [forged(batch)] })
    },
  ],
  [
    'contents',
    async () => {
      const batch = await new LogWriter({ identity: 'alice', startedAtMs: Date.now() }).write()
      return encodeDirectRequest({ kind: 'deposit', id: 1, batches: [batch.envelope] })
    },
  ],
])('who asks what breaks the rules (%s) is counted, and refused if it goes on', async (what, make) => {
  const carol = await startNode({ identity: 'carol' })
  const peer = await ProtocolPeer.start('mallory', [], { answersPings: true })
  await peer.handle('/meshsub/1.2.0', () => {})
  const connection = await peer.join(carol.address)
  const { refused } = carol.node.counters.direct
  const bytes = await make()
  for (let times = 1; times <= 10; times += 1) {
    await askWrongly(connection, bytes)
    await waitUntil(() => refused[what] === times, { what: 'it to be counted' })
  }
  expect(connection.status).toBe('open')
  await askWrongly(connection, bytes).catch(() => {})
  await waitUntil(() => connection.status !== 'open', { what: 'the peer to be cut off' })
  expect(refused).toEqual({ frames: 0, contents: 0, answers: 0, [what]: 11 })
  // Nor with another node key.
  await expect(peer.join(carol.address)).rejects.toThrow()
  await expect((await ProtocolPeer.start('mallory')).join(carol.address)).rejects.toThrow(/denied/)
  await (await ProtocolPeer.start('alice')).join(carol.address)
})

test.each<[string, (id: number) => Uint8Array]>([
  ['cannot be read', () => Uint8Array.of(1, 2, 3)],
  [
    'is to another question',
    (id) => encodeDirectResponse({ id: id + 1, receipts: [], refused: [], error: '' }),
  ],
])('who gives an answer that %s is counted, and left alone for a while', async (_, answer) => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await ProtocolPeer.start('bob', [], { answersPings: true })
  bob.sealingKey = (await generateSealingKey()).publicKey
  let asked = 0
  await bob.handle(DIRECT, async (stream) => {
    const frames = lpStream(stream, { maxDataLength: 2 ** 20 })
    const request = decodeDirectRequest((await frames.read()).subarray())
    asked += 1
    await frames.write(answer(request.id))
  })
  await bob.handle('/meshsub/1.2.0', () => {})
  await bob.join(alice.address)
  const bobsId = seededSigner('bob').pastelId
  const { direct } = alice.node.counters
  await alice.node.send(bobsId, { text: 'x' })
  await waitUntil(() => direct.refused.answers === 1, { what: 'the answer to be counted' })
  // However much there is to be delivered meanwhile.
  for (let i = 0; i < 20; i += 1) await alice.node.send(bobsId, { text: 'x' })
  expect(asked).toBe(1)
  await waitUntil(() => direct.refused.answers === 2, { what: 'it to be asked again' })
  expect(direct).toEqual({ refused: { frames: 0, contents: 0, answers: 2 }, timeouts: 0 })
})

test('who does not answer in time is counted, left alone for a while, and asked again', async () => {
  const [asking, answering] = [await ProtocolPeer.start('alice'), await ProtocolPeer.start('bob')]
  let asked = 0
  await answering.handle(DIRECT, async (stream) => {
    const frames = lpStream(stream)
    const { id } = decodeDirectRequest((await frames.read()).subarray())
    asked += 1
    if (asked > 1) await frames.write(encodeDirectResponse({ id, receipts: [], refused: [], error: '' }))
  })
  const told: string[] = []
  const requester = new DirectRequester(
    { answerTimeoutMs: 200 },
    {
      connection: await asking.dial(answering.address),
      onRefused: () => told.push('refused'),
      onTimeout: () => told.push('timeout'),
    },
  )
  const ask = () => requester.ask({ kind: 'ask', ranges: [] })
  await expect(ask()).rejects.toMatchObject({ code: 'ERR_DIRECT_TIMEOUT' })
  await expect(ask()).rejects.toMatchObject({ code: 'ERR_DIRECT_LEFT_ALONE' })
  expect(asked).toBe(1)
  await waitUntil(() => ask().then(Boolean, () => false), { what: 'it to be asked again' })
  expect(told).toEqual(['timeout'])
  requester.close()
})

test('two questions that wait for one answer fail as one', async () => {
  const [asking, answering] = [await ProtocolPeer.start('alice'), await ProtocolPeer.start('bob')]
  await answering.handle(DIRECT, async (stream) => {
    const frames = lpStream(stream)
    await frames.read()
    await frames.read()
    // A frame of 256 MiB.
    stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
  })
  const told: string[] = []
  const requester = new DirectRequester(
    {},
    {
      connection: await asking.dial(answering.address),
      onRefused: () => told.push('refused'),
      onTimeout: () => told.push('timeout'),
    },
  )
  const ask = () => requester.ask({ kind: 'ask', ranges: [] })
  const outcomes = await Promise.allSettled([ask(), ask()])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(told).toEqual(['refused'])
  requester.close()
})

test('who hangs up is not answered: what waits for its turn is let go of', async () => {
  const [asking, answering] = [await ProtocolPeer.start('alice'), await ProtocolPeer.start('bob')]
  const errors: unknown[] = []
  const answers: AbortSignal[] = []
  const server = new DirectServer({
    answer: (_request, _peer, signal) => {
      answers.push(signal)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    onRefused: () => errors.push('refused'),
    onError: (error) => errors.push(error),
  })
  await server.start(answering.libp2p as never)
  const connection = await asking.dial(answering.address)
  for (let times = 1; times <= 5; times += 1) {
    const stream = await connection.newStream(DIRECT)
    await lpStream(stream).write(encodeDirectRequest({ kind: 'ask', id: 1, ranges: [] }))
    await waitUntil(() => answers.length === times, { what: 'the question to come' })
    stream.abort(new Error('gone'))
    await waitUntil(() => answers.every(({ aborted }) => aborted), { what: 'the answer to be given up' })
  }
  expect(errors).toEqual([])
  await server.stop()
})
