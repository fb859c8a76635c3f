import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import {
  type Cursor,
  decodeSyncResponse,
  encodeSyncRequest,
  type LogId,
  MAX_SYNC_RESPONSE_BYTES,
  type RangesResponse,
  type SyncRequest,
  type SyncResponse,
} from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { SYNC_PROTOCOL } from './fixtures/batch-holder.ts'
import { loseBefore, pruneAll } from './fixtures/lose.ts'
import { numbered, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { appendAll, collect } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

/** A certified peer that asks by hand. */
class RawReader {
  readonly connection: Connection
  stream!: Stream
  #frames!: ReturnType<typeof lpStream>

  static async join(target: TestNode, identity = 'mallory'): Promise<RawReader> {
    const peer = await ProtocolPeer.start(identity)
    const reader = new RawReader(await peer.join(target.address))
    await reader.open()
    return reader
  }

  private constructor(connection: Connection) {
    this.connection = connection
  }

  async open(): Promise<void> {
    this.stream = await this.connection.newStream(SYNC_PROTOCOL)
    this.#frames = lpStream(this.stream, { maxBufferSize: 16 * 1024 * 1024 })
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#frames.write(bytes)
  }

  async read(): Promise<SyncResponse> {
    const bytes = (await this.#frames.read({ signal: AbortSignal.timeout(10_000) })).subarray()
    expect(bytes.length).toBeLessThanOrEqual(MAX_SYNC_RESPONSE_BYTES)
    return decodeSyncResponse(bytes)
  }

  async ask(request: SyncRequest): Promise<SyncResponse> {
    await this.write(encodeSyncRequest(request))
    return this.read()
  }

  async heads(channels: string[], from?: Cursor) {
    const answer = await this.ask({ kind: 'heads', id: 1, channels, ...(from === undefined ? {} : { from }) })
    if (answer.kind !== 'heads') throw new Error(answer.kind)
    return answer
  }

  /** All frames of one answer. */
  async ranges(request: Omit<Extract<SyncRequest, { kind: 'ranges' }>, 'kind' | 'id'>) {
    await this.write(encodeSyncRequest({ kind: 'ranges', id: 2, ...request }))
    const frames: RangesResponse[] = []
    do {
      const answer = await this.read()
      if (answer.kind !== 'ranges') throw new Error(answer.kind)
      frames.push(answer)
    } while (frames.at(-1)?.done === false)
    return {
      frames,
      batches: frames.flatMap(({ batches }) => batches),
      denied: frames.flatMap(({ denied }) => denied),
      pruned: frames.flatMap(({ pruned }) => pruned),
    }
  }

  async isOver(): Promise<void> {
    await waitUntil(() => this.stream.status !== 'open' || this.stream.remoteWriteStatus !== 'writable', {
      what: 'the stream to be over',
      timeoutMs: 5000,
    })
  }
}

test('nobody learns of inboxes, their heads or their batches', async () => {
  const bob = new LogWriter({ identity: 'bob' }).signer.pastelId
  const writer = new LogWriter({ identity: 'carol', channel: `inbox/${bob}` })
  const alice = await startNode({
    identity: 'alice',
    prepare: async (store) => appendAll(store, [await writer.write({ count: 3 }), await writer.write()]),
  })
  await alice.node.publish('test', { text: 'public' })
  const reader = await RawReader.join(alice)
  const { heads, more } = await reader.heads([`inbox/${bob}`, 'topic/test'])
  expect(heads.map(({ channel }) => channel)).toEqual(['topic/test'])
  expect(more).toBe(false)
  const range = { log: writer.log, first: 0, last: 3 }
  const none = { log: new LogWriter({ identity: 'nobody' }).log, first: 0, last: 3 }
  const answer = await reader.ranges({ ranges: [range, none], maxBytes: 1_000_000 })
  expect(answer.batches).toEqual([])
  // As if it were not there.
  expect(answer.denied).toEqual([range, none])
})

test('ranges of inboxes are denied, also if they were here and have been removed', async () => {
  const bob = new LogWriter({ identity: 'bob' }).signer.pastelId
  const inbox = new LogWriter({ identity: 'carol', channel: `inbox/${bob}` })
  const topic = new LogWriter({ identity: 'carol' })
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      await appendAll(store, [await inbox.write({ count: 3 }), await topic.write(), await topic.write()])
      await pruneAll(store)
    },
  })
  const reader = await RawReader.join(alice)
  const ranges = [
    { log: inbox.log, first: 0, last: 2 },
    { log: topic.log, first: 0, last: 0 },
  ]
  expect(await reader.ranges({ ranges, maxBytes: 1e6 })).toMatchObject({
    batches: [],
    denied: ranges.slice(0, 1),
    pruned: ranges.slice(1),
  })
})

test('what is missing in the front, in the middle and at the end is denied, what was removed is named as such', async () => {
  const holed = new LogWriter({ identity: 'carol' })
  const pruned = new LogWriter({ identity: 'dave' })
  const kept: Uint8Array[] = []
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      const [first, last] = [await pruned.write({ count: 3 }), await pruned.write()]
      await appendAll(store, [first, last])
      await pruneAll(store)
      for (let i = 0; i < 2; i += 1) {
        await holed.write({ count: 3 })
        const batch = await holed.write()
        await loseBefore(store, batch)
        kept.push(batch.envelope)
      }
      kept.push(last.envelope)
    },
  })
  const reader = await RawReader.join(alice)
  const range = (log: LogId, first: number, last: number) => ({ log, first, last })
  const ranges = [range(holed.log, 0, 9), range(pruned.log, 0, 3)]
  const answer = await reader.ranges({ ranges, maxBytes: 1e6 })
  expect(answer.denied).toEqual([range(holed.log, 0, 2), range(holed.log, 4, 6), range(holed.log, 8, 9)])
  expect(answer.pruned).toEqual([range(pruned.log, 0, 2)])
  expect(answer.batches.map((bytes) => Buffer.from(bytes))).toEqual(kept.map((bytes) => Buffer.from(bytes)))
})

test('an answer is bounded, whatever is asked for, and what is left can be asked for again', async () => {
  const writer = new LogWriter({ identity: 'carol' })
  const large = new Uint8Array(250 * 1024)
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      for (let i = 0; i < 24; i += 1) await appendAll(store, [await writer.write({ bodies: [large, large] })])
    },
  })
  const reader = await RawReader.join(alice)
  const ranges = Array.from({ length: 256 }, () => ({ log: writer.log, first: 0, last: 47 }))
  const { batches, denied } = await reader.ranges({ ranges, maxBytes: 2 ** 32 - 1 })
  const bytes = batches.reduce((sum, batch) => sum + batch.length, 0)
  expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(batches.length).toBeGreaterThan(6)
  expect(denied).toEqual([])
  // However little is asked for, there is one.
  expect((await reader.ranges({ ranges, maxBytes: 0 })).batches).toHaveLength(1)
  expect(
    (await reader.ranges({ ranges: [{ log: writer.log, first: 47, last: 99 }], maxBytes: 1e6 })).denied,
  ).toEqual([{ log: writer.log, first: 48, last: 99 }])
  expect(await reader.ranges({ ranges: [], maxBytes: 1e6 })).toMatchObject({ batches: [], denied: [] })
})

test('cursors of another order, and places that are not there, begin at the beginning', async () => {
  const alice = await startNode({ identity: 'alice' })
  for (const message of numbered(3)) await alice.node.publish('test', message)
  const reader = await RawReader.join(alice)
  const { next } = await reader.heads(['topic/test'])
  expect(await reader.heads(['topic/test'], next)).toMatchObject({
    heads: [],
    reset: false,
    more: false,
    next,
  })
  const foreign: Cursor[] = [
    { ...next, store: new Uint8Array(16) },
    { ...next, hash: new Uint8Array(8) },
    { ...next, position: next.position - 1 },
    { ...next, position: next.position + 1 },
    { ...next, position: Number.MAX_SAFE_INTEGER },
  ]
  for (const cursor of foreign) {
    expect(await reader.heads(['topic/test'], cursor)).toMatchObject({ reset: true, next })
    expect((await reader.heads(['topic/test'], cursor)).heads).toHaveLength(1)
  }
  expect(await reader.heads([])).toMatchObject({ heads: [], more: false })
  expect(await reader.heads(['topic/none', 'topic/test', 'topic/test'])).toMatchObject({ next })
})

/** What a node of the identity alice wrote, so far as nobody else has it, stays. */
function pruneOwn({ store }: TestNode) {
  const own = seededSigner('alice').publicKey
  return store.prune({ receivedBeforeMs: Number.POSITIVE_INFINITY, maxBytes: 1e12, own })
}

test('only what a reader says it stores is taken for stored, not how far it has looked', async () => {
  const alice = await startNode({ identity: 'alice' })
  for (const message of numbered(3)) await alice.node.publish('test', message)
  const reader = await RawReader.join(alice)
  const channels = ['topic/test']
  const { next } = await reader.heads(channels)
  await reader.heads(channels, next)
  expect(await pruneOwn(alice)).toMatchObject({ entries: 0, pinned: 2 })
  const forged = { ...next, hash: new Uint8Array(8) }
  await reader.ask({ kind: 'heads', id: 1, channels, stored: forged })
  expect(await pruneOwn(alice)).toMatchObject({ entries: 0, pinned: 2 })
  await reader.ask({ kind: 'heads', id: 1, channels, stored: next })
  expect(await pruneOwn(alice)).toMatchObject({ entries: 2, pinned: 0 })
})

test('a place below what was removed, where any hash would do, tells nothing', async () => {
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      const own = new LogWriter({ identity: 'alice' })
      const other = new LogWriter({ identity: 'carol' })
      const batches = [await own.write(), await other.write(), await other.write(), await other.write()]
      await appendAll(store, batches)
    },
  })
  await alice.node.publish('test', { text: 'one' })
  expect(await pruneOwn(alice)).toMatchObject({ entries: 3, pinned: 1 })
  const reader = await RawReader.join(alice)
  const channels = ['topic/test']
  const stored = { store: alice.store.storeId, position: 2, hash: new Uint8Array(8) }
  await reader.ask({ kind: 'heads', id: 1, channels, stored })
  expect(await pruneOwn(alice)).toMatchObject({ entries: 0, pinned: 1 })
})

test('a place below what was removed tells as much as any, of who has read on in the same order', async () => {
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      const own = new LogWriter({ identity: 'alice' })
      const other = new LogWriter({ identity: 'carol' })
      await appendAll(store, [await own.write(), await other.write(), await other.write()])
    },
  })
  await alice.node.publish('test', { text: 'one' })
  const reader = await RawReader.join(alice)
  const channels = ['topic/test']
  const stored = await alice.store.cursorAt(1)
  expect(await pruneOwn(alice)).toMatchObject({ entries: 2, pinned: 1 })
  expect(alice.store.floor).toBe(3)
  const tell = async (from?: Cursor) => {
    await reader.ask({ kind: 'heads', id: 1, channels, stored, ...(from === undefined ? {} : { from }) })
    return alice.store.passedTo('topic/test')
  }
  const { next } = await reader.heads(channels)
  const foreign = { ...next, hash: new Uint8Array(8) }
  for (const from of [undefined, stored, foreign]) expect(await tell(from)).toBe(0)
  expect(await tell(next)).toBe(1)
  expect(await pruneOwn(alice)).toMatchObject({ entries: 1, pinned: 0 })
})

test('of channels in which a node wrote nothing it remembers nothing, whoever asks for them', async () => {
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publish('test', { text: 'one' })
  const reader = await RawReader.join(alice)
  const { next: stored } = await reader.heads(['topic/test'])
  const channels = ['topic/test', ...Array.from({ length: 100 }, (_, i) => `topic/none-${i}`)]
  const told: string[] = []
  const { passed } = alice.store
  alice.store.passed = (channel, position) => {
    told.push(channel)
    passed.call(alice.store, channel, position)
  }
  await reader.ask({ kind: 'heads', id: 1, channels, stored })
  expect(told).toEqual(['topic/test'])
})

const garbage: [string, Uint8Array][] = [
  ['bytes that are no request', Uint8Array.from({ length: 40 }, (_, i) => 250 - i)],
  ['nothing', new Uint8Array(0)],
  ['a request that is too large', new Uint8Array(200 * 1024)],
  ['neither heads nor ranges', Uint8Array.of(8, 1)],
  ['a frame of a megabyte and more', new Uint8Array(1024 * 1024 + 1)],
]

test.each(garbage)('a reader that asks garbage is cut off, and nobody else is: %s', async (_what, bytes) => {
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publish('test', { text: 'one' })
  const honest = await RawReader.join(alice, 'honest')
  const reader = await RawReader.join(alice)
  await reader.write(bytes).catch(() => {})
  await reader.isOver()
  expect((await honest.heads(['topic/test'])).heads).toHaveLength(1)
  await reader.open()
  expect((await reader.heads(['topic/test'])).heads).toHaveLength(1)
})

test('a reader that asks and asks and never reads does not fill the memory', async () => {
  const writer = new LogWriter({ identity: 'carol' })
  const large = new Uint8Array(250 * 1024)
  const alice = await startNode({
    identity: 'alice',
    async prepare(store) {
      for (let i = 0; i < 8; i += 1) await appendAll(store, [await writer.write({ bodies: [large, large] })])
    },
  })
  const reader = await RawReader.join(alice)
  reader.stream.pause()
  const request = encodeSyncRequest({
    kind: 'ranges',
    id: 1,
    ranges: [{ log: writer.log, first: 0, last: 15 }],
    maxBytes: 4_000_000,
  })
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 2000 && reader.stream.status === 'open'; i += 1) {
    await Promise.race([
      reader.write(request).catch(() => {}),
      new Promise((resolve) => setImmediate(resolve)),
    ])
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 1024 * 1024)
  const honest = await RawReader.join(alice, 'honest')
  expect((await honest.heads(['topic/test'])).heads).toHaveLength(1)
})

test('a reader that has what it wants hangs up, as often as it likes', async () => {
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publish('test', { text: 'one' })
  const reader = await RawReader.join(alice)
  for (let i = 0; i < 8; i += 1) {
    expect((await reader.heads(['topic/test'])).heads).toHaveLength(1)
    await reader.stream.close()
    await waitUntil(() => reader.stream.remoteWriteStatus === 'closed', {
      what: 'the other end to hang up as well',
      timeoutMs: 5000,
    })
    await reader.open()
  }
  expect(await collect(alice.store.read())).toHaveLength(1)
})

test('requests that are sent at once are answered in their order', async () => {
  const alice = await startNode({ identity: 'alice' })
  await alice.node.publish('test', { text: 'one' })
  const reader = await RawReader.join(alice)
  for (let id = 0; id < 50; id += 1) {
    await reader.write(encodeSyncRequest({ kind: 'heads', id, channels: ['topic/test'] }))
  }
  for (let id = 0; id < 50; id += 1) expect((await reader.read()).id).toBe(id)
})

test('a batch is never taken apart: who asks for one message of it gets it whole, as it was signed', async () => {
  const alice = await startNode({ identity: 'alice' })
  const signed = await new LogWriter({ identity: 'carol' }).write({ count: 5 })
  await appendAll(alice.store, [signed])
  const reader = await RawReader.join(alice)
  const { batches } = await reader.ranges({
    ranges: [{ log: signed.log, first: 2, last: 2 }],
    maxBytes: 1_000_000,
  })
  expect(batches.map((envelope) => Buffer.from(envelope))).toEqual([Buffer.from(signed.envelope)])
})
