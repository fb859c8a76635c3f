import { lpStream } from '@libp2p/utils'
import type { PastelId } from '@pastel-mesh/identity'
import {
  type DirectRequest,
  type DirectResponse,
  decodeDirectResponse,
  encodeDirectRequest,
  inboxChannel,
  type LogRange,
  logId,
  makeRun,
  type ReceiptRange,
  readReceipt,
  type SignedBatch,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { receiptMakerOf } from './fixtures/direct-peer.ts'
import { startNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

/** A certified peer that asks by hand. */
async function asker(address: string, peer: ProtocolPeer) {
  const connection = await peer.join(address)
  const frames = lpStream(await connection.newStream('/pastel-mesh/direct/1'), { maxDataLength: 2 ** 20 })
  return async (request: DirectRequest): Promise<DirectResponse> => {
    await frames.write(encodeDirectRequest(request))
    return decodeDirectResponse((await frames.read({ signal: AbortSignal.timeout(30_000) })).subarray())
  }
}

const alice = seededSigner('alice')
const bob = seededSigner('bob').pastelId
const carolsId = seededSigner('carol').pastelId
const mallory = seededSigner('mallory').pastelId

/** A log to somebody's inbox, in batches that nobody opens or verifies: sealed once, and not signed. */
async function written(
  to: PastelId,
  batches: number,
  bodies: Uint8Array[],
  runs = '',
): Promise<SignedBatch[]> {
  const options = {
    identity: 'alice',
    channel: inboxChannel(to),
    runs,
    startedAtMs: Date.now(),
    signed: false,
  }
  const writer = new LogWriter(options, alice)
  const first = await writer.write({ bodies })
  const { encoding, payload, count, expiresAtMs } = first.batch
  const all = [first]
  while (all.length < batches)
    all.push(await writer.write({ count, change: { encoding, payload, expiresAtMs } }))
  return all
}

/** As many logs, of one message each. */
async function runsTo(to: PastelId, runs: number): Promise<SignedBatch[]> {
  const [first] = (await written(to, 1, [Buffer.from('x')])) as [SignedBatch]
  const { encoding, payload, expiresAtMs, createdAtMs } = first.batch
  const all: SignedBatch[] = []
  for (let run = 0; run < runs; run += 1) {
    const options = { identity: 'alice', channel: inboxChannel(to), runs: `${run}`, startedAtMs: createdAtMs }
    const writer = new LogWriter({ ...options, signed: false }, alice)
    all.push(await writer.write({ change: { encoding, payload, expiresAtMs } }))
  }
  return all
}

async function placeAll(store: MessageStore, batches: readonly SignedBatch[], carried: boolean) {
  const committed: Promise<unknown>[] = []
  for (const signed of batches) {
    const placement = await store.place(signed, { carried })
    if (placement.status !== 'appended') throw new Error(`not appended: ${placement.status}`)
    committed.push(placement.committed)
  }
  await Promise.all(committed)
}

function saidIn({ receipts }: DirectResponse): ReceiptRange[] {
  return receipts.flatMap(({ receipt }) => readReceipt(receipt).ranges)
}

function messagesIn(ranges: readonly LogRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
}

test('one question about other inboxes looks at 16 MiB of batches, and the next goes on behind them', async () => {
  const half = new Uint8Array(250 * 1024)
  const batches = await written(bob, 36, [half, half])
  const carol = await startNode({
    identity: 'carol',
    prepare: (store) => placeAll(store, batches, true),
  })
  const ask = await asker(carol.address, await ProtocolPeer.start('alice', [], { answersPings: true }))
  const { log } = batches[0] as SignedBatch
  // However often it is named.
  const ranges = Array.from({ length: 256 }, () => ({ log, first: 0, last: 1_000_000 }))
  const [told, ...others] = saidIn(await ask({ kind: 'ask', id: 1, ranges }))
  expect(others).toEqual([])
  expect(told).toMatchObject({ log, first: 0, outcome: 'entered' })
  const looked = ((told?.last ?? 0) + 1) * half.length
  expect(looked).toBeGreaterThan(15 * 2 ** 20)
  expect(looked).toBeLessThan(17 * 2 ** 20)
  const rest = [{ log, first: (told?.last ?? 0) + 1, last: 1_000_000 }]
  expect(saidIn(await ask({ kind: 'ask', id: 2, ranges: rest })).at(-1)).toMatchObject({ last: 71 })
})

test('one question about the own inbox looks at 4,096 batches of all its logs, and the next goes on', async () => {
  const body = [Buffer.from('x')]
  const logs = [await written(carolsId, 2_100, body, '1'), await written(carolsId, 2_100, body, '2')]
  const carol = await startNode({
    identity: 'carol',
    prepare: (store) => placeAll(store, logs.flat(), false),
  })
  const ask = await asker(carol.address, await ProtocolPeer.start('alice', [], { answersPings: true }))
  const ranges = logs.map(([first]) => ({ log: (first as SignedBatch).log, first: 0, last: 1_000_000 }))
  const told = saidIn(await ask({ kind: 'ask', id: 1, ranges }))
  expect(messagesIn(told)).toBe(4_096)
  const rest = ranges.map(({ log, last }) => {
    const known = told.filter((range) => range.log === log)
    return { log, first: Math.max(-1, ...known.map((range) => range.last)) + 1, last }
  })
  expect(messagesIn(saidIn(await ask({ kind: 'ask', id: 2, ranges: rest })))).toBe(2 * 2_100 - 4_096)
})

/** What is kept of receipts on disk, or of those about a log. */
async function keptReceipts(store: MessageStore, log = ''): Promise<{ count: number; bytes: number }> {
  let [count, bytes] = [0, 0]
  for await (const [, value] of store.values.read(`receipt/${log}`)) {
    count += 1
    bytes += value.length
  }
  return { count, bytes }
}

test('a flood of receipts for ever other logs stays bounded, and the next receipt of another still counts', async () => {
  const body = [Buffer.from('x')]
  const flooded = await runsTo(mallory, 4_352)
  const [toBob] = (await written(bob, 1, body)) as [SignedBatch]
  const [beforeIt] = (await written(bob, 1, body, 'before')) as [SignedBatch]
  const carol = await startNode({
    identity: 'carol',
    prepare: (store) => placeAll(store, [...flooded, toBob, beforeIt], true),
  })
  const say = async (identity: string) => {
    const peer = await ProtocolPeer.start(identity, [], { answersPings: true })
    // Who takes no gossip stream is hung up on after some eight seconds.
    await peer.handle('/meshsub/1.2.0', () => {})
    const bring = await asker(carol.address, peer)
    const maker = await receiptMakerOf(peer)
    let id = 0
    return async (logs: readonly string[], perReceipt: number) => {
      for (let i = 0; i < logs.length; i += perReceipt) {
        const part = logs.slice(i, i + perReceipt) as LogRange['log'][]
        const ranges = part.map(
          (log) => ({ log, first: 0, last: 0, outcome: 'entered', reason: '' }) as const,
        )
        const receipts = await maker.make(ranges)
        id += 1
        expect(await bring({ kind: 'receipts', id, receipts })).toMatchObject({ id, error: '' })
      }
    }
  }
  const one = await say('bob')
  await one([beforeIt.log], 1)
  const flood = await say('mallory')
  const logs = flooded.map(({ log }) => log)
  // Of what is not here nothing is kept.
  const nowhere = Array.from({ length: 256 }, (_, i) =>
    logId(alice.publicKey, inboxChannel(mallory), makeRun(i, new Uint8Array(8))),
  )
  await flood(nowhere, 256)
  expect((await keptReceipts(carol.store)).count).toBe(1)
  await flood(logs, 90)
  expect((await keptReceipts(carol.store)).count).toBe(4_096)
  // Larger ones, kept under each of their logs, meet the bound of bytes.
  await flood(logs.slice(0, 3_072), 256)
  const kept = await keptReceipts(carol.store)
  expect(kept.count).toBeLessThan(4_096)
  expect(kept.bytes).toBeGreaterThan(15 * 2 ** 20)
  expect(kept.bytes).toBeLessThan(17 * 2 ** 20)
  expect(await carol.store.isUndelivered({ signed: toBob })).toBe(true)
  await one([toBob.log], 1)
  expect(await carol.store.isUndelivered({ signed: toBob })).toBe(false)
  expect(carol.node.counters.receipts).toEqual({ refused: 0, superseded: 0 })
  // Who flooded lost its own receipts, and nobody else one.
  expect(await keptReceipts(carol.store, beforeIt.log)).toMatchObject({ count: 1 })
  expect(await keptReceipts(carol.store, toBob.log)).toMatchObject({ count: 1 })
})

test('who asks about logs that nobody knows pays for each of them, and nobody else waits for it', async () => {
  const batches = { perSecond: 0.001, burst: 32 }
  const peerRates = { bytes: { perSecond: 2 ** 20, burst: 2 ** 20 }, batches }
  const carol = await startNode({ identity: 'carol', peerRates })
  const ranges = Array.from({ length: 256 }, (_, i) => ({
    log: logId(alice.publicKey, inboxChannel(mallory), makeRun(i, new Uint8Array(8))),
    first: 0,
    last: 0,
  }))
  const ask = await asker(carol.address, await ProtocolPeer.start('mallory', [], { answersPings: true }))
  for (const id of [1, 2]) expect(await ask({ kind: 'ask', id, ranges })).toMatchObject({ id, error: '' })
  let isAnswered = false
  ask({ kind: 'ask', id: 3, ranges }).then(
    () => (isAnswered = true),
    () => {},
  )
  const other = await asker(carol.address, await ProtocolPeer.start('alice', [], { answersPings: true }))
  for (const id of [1, 2]) expect(await other({ kind: 'ask', id, ranges })).toMatchObject({ id, error: '' })
  expect(isAnswered).toBe(false)
})
