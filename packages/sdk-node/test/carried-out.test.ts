import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import {
  type CarriedMessage,
  type Carrier,
  createOpenRegistry,
  type HandOutcome,
  type MemberRegistry,
} from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { messagesOf } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const bob = seededSigner('bob').pastelId

/** Another way, of which a test says what becomes of each message. */
class TestCarrier implements Carrier {
  readonly name = 'other-way'
  afterMs: number
  readonly handed: string[] = []
  outcome: (text: string) => HandOutcome | Promise<HandOutcome> = () => 'handed'
  isReached = true

  constructor(afterMs = 50) {
    this.afterMs = afterMs
  }

  reaches(): boolean {
    return this.isReached
  }

  carries({ contentType }: CarriedMessage): boolean {
    return contentType === 'text'
  }

  async hand(message: CarriedMessage, { begin }: Parameters<Carrier['hand']>[1]): Promise<HandOutcome> {
    const text = textOf(message)
    await begin()
    const outcome = await this.outcome(text)
    if (outcome !== 'not-now') this.handed.push(text)
    return outcome
  }
}

async function sentTexts({ node }: TestNode, recipient = bob): Promise<string[]> {
  return (await messagesOf(node.messages({ recipient }))).map(textOf)
}

test('what nobody has shown a certificate for goes by the carrier, in order, once, and is kept as sent', async () => {
  const carrier = new TestCarrier()
  const own = await startNode({ identity: 'own', carrier })
  const texts = Array.from({ length: 100 }, (_, i) => `text ${i}`)
  const sent = await Promise.all(texts.map((text) => own.node.send(bob, { text })))
  const states = await Promise.all(sent.map(({ id }) => own.node.waitForDelivery(id, inTime())))
  expect(states.every(({ state, via }) => state === 'handed-over' && via === 'other-way')).toBe(true)
  expect(states.every(({ recipient }) => recipient === bob)).toBe(true)
  expect(carrier.handed).toEqual(texts)
  expect(await sentTexts(own)).toEqual(texts)
  expect(await messagesOf(own.node.messages({ direct: 'received' }))).toEqual([])
  expect(own.node.waiting()).toEqual([])
  const channel = `inbox/${bob}`
  expect(own.store.counts({ by: 'pair', channel }).counts).toMatchObject([{ messages: 100 }])
})

test('a recipient that shows its certificate in time gets all by the mesh, and nothing twice', async () => {
  const carrier = new TestCarrier(2_000)
  const own = await startNode({ identity: 'own', carrier })
  const { id } = await own.node.send(bob, { text: 'one' })
  const other = await startNode({ identity: 'bob' })
  await connect(own, other)
  expect((await own.node.waitForDelivery(id, inTime())).state).toBe('delivered')
  expect(carrier.handed).toEqual([])
  carrier.outcome = () => {
    throw new Error('nothing is to be handed over')
  }
  await own.node.send(bob, { text: 'two' })
  expect((await inboxOf(other.node, 2)).map(textOf)).toEqual(['one', 'two'])
})

test('what the carrier cannot take now is tried again; what it cannot take at all does not hold up the rest', async () => {
  const carrier = new TestCarrier()
  let failures = 0
  carrier.outcome = () => {
    failures += 1
    if (failures === 1) return 'not-now'
    if (failures === 2) throw new Error('the carrier failed')
    return 'handed'
  }
  const own = await startNode({ identity: 'own', carrier })
  const bytes = await own.node.send(bob, { bytes: new Uint8Array(8) })
  const text = await own.node.send(bob, { text: 'text' })
  expect((await own.node.waitForDelivery(text.id, inTime())).state).toBe('handed-over')
  expect(carrier.handed).toEqual(['text'])
  expect(own.errors.map(({ message }) => message)).toEqual(['the carrier failed'])
  expect((await own.node.status(bytes.id)).state).toBe('waiting-for-certificate')
})

/** A node that died while it handed `one` over; `two` waits behind it. */
async function diedHanding(): Promise<{ directory: string; ids: string[] }> {
  const carrier = new TestCarrier()
  const reached = Promise.withResolvers<void>()
  const never = Promise.withResolvers<HandOutcome>()
  carrier.outcome = () => {
    reached.resolve()
    return never.promise
  }
  const own = await startNode({ identity: 'own', carrier })
  const ids: string[] = []
  for (const text of ['one', 'two']) ids.push((await own.node.send(bob, { text })).id)
  await reached.promise
  await own.store.stop()
  never.reject(new Error('gone'))
  await own.node.stop()
  return { directory: own.directory, ids }
}

test('what may have been handed over when the node died is not handed over again, and says so', async () => {
  const { directory, ids } = await diedHanding()
  const [first, second] = ids as [string, string]
  const later = new TestCarrier()
  const again = await startNode({ identity: 'own', directory, carrier: later })
  expect(await again.node.waitForDelivery(second, inTime())).toMatchObject({ state: 'handed-over' })
  expect(later.handed).toEqual(['two'])
  const status = await again.node.status(first)
  expect(status).toMatchObject({ state: 'handed-over', reason: 'outcome-unknown', recipient: bob })
  expect(await sentTexts(again)).toEqual(['one', 'two'])
  await waitUntil(() => again.node.waiting().length === 0, { what: 'nothing to wait' })
})

for (const withCarrier of [true, false]) {
  test(`what may have been handed over does not go by the mesh, too, ${withCarrier ? 'with' : 'without'} a carrier`, async () => {
    const { directory, ids } = await diedHanding()
    const carrier = new TestCarrier(60_000)
    const again = await startNode({ identity: 'own', directory, ...(withCarrier ? { carrier } : {}) })
    const other = await startNode({ identity: 'bob' })
    await connect(again, other)
    const [first, second] = ids as [string, string]
    expect((await again.node.waitForDelivery(second, inTime())).state).toBe('delivered')
    expect(await again.node.status(first)).toMatchObject({
      state: 'handed-over',
      via: 'other-way',
      reason: 'outcome-unknown',
    })
    expect((await inboxOf(other.node, 1)).map(textOf)).toEqual(['two'])
    expect(carrier.handed).toEqual([])
  })
}

test('what was handed over, and could not be written down as that at once, goes no other way', async () => {
  const carrier = new TestCarrier()
  const own = await startNode({ identity: 'own', carrier })
  const reached = Promise.withResolvers<void>()
  const outcome = Promise.withResolvers<HandOutcome>()
  carrier.outcome = () => {
    reached.resolve()
    return outcome.promise
  }
  const { id } = await own.node.send(bob, { text: 'one' })
  await reached.promise
  // From here on nothing is taken, until it is.
  const assertRoom = own.store.disk.assertRoom
  own.store.disk.assertRoom = () => {
    throw new Error('the disk is full')
  }
  outcome.resolve('handed')
  await waitUntil(() => own.errors.length > 0, { what: 'the commit to fail' })
  const other = await startNode({ identity: 'bob' })
  await connect(own, other)
  own.store.disk.assertRoom = assertRoom
  const status = await own.node.waitForDelivery(id, inTime())
  expect(status).toMatchObject({ state: 'handed-over', recipient: bob })
  // It is known that it was.
  expect(status).not.toHaveProperty('reason')
  expect(await sentTexts(own)).toEqual(['one'])
  await own.node.send(bob, { text: 'two' })
  expect((await inboxOf(other.node, 1)).map(textOf)).toEqual(['two'])
})

test('a death before the message may be on its way leaves no doubt', async () => {
  const carrier = new TestCarrier()
  const reached = Promise.withResolvers<void>()
  const never = Promise.withResolvers<HandOutcome>()
  carrier.hand = () => {
    reached.resolve()
    return never.promise
  }
  const own = await startNode({ identity: 'own', carrier })
  const { id } = await own.node.send(bob, { text: 'one' })
  await reached.promise
  await own.store.stop()
  never.reject(new Error('gone'))
  await own.node.stop()
  const later = new TestCarrier()
  const again = await startNode({ identity: 'own', directory: own.directory, carrier: later })
  expect(await again.node.waitForDelivery(id, inTime())).not.toHaveProperty('reason')
  expect(later.handed).toEqual(['one'])
})

test('any number of messages that cannot be carried holds up none that can', async () => {
  const carrier = new TestCarrier()
  const own = await startNode({ identity: 'own', carrier })
  for (let i = 0; i < 70; i += 1) await own.node.send(bob, { bytes: new Uint8Array(1) })
  const { id } = await own.node.send(bob, { text: 'behind them' })
  expect((await own.node.waitForDelivery(id, inTime())).state).toBe('handed-over')
  expect(own.node.waiting()).toHaveLength(70)
})

test('what is about to expire, and what is for a former member, is not handed over', async () => {
  const carrier = new TestCarrier()
  const open = createOpenRegistry()
  let isMember = true
  const registry: MemberRegistry = {
    ...open,
    memberAt: (pastelId, timeMs) =>
      isMember || pastelId !== bob ? open.memberAt(pastelId, timeMs) : undefined,
  }
  const own = await startNode({ identity: 'own', carrier, registry })
  const { id } = await own.node.send(bob, { text: 'soon over', expiresAtMs: Date.now() + 2_000 })
  expect((await own.node.waitForDelivery(id, inTime())).state).toBe('expired')
  carrier.isReached = false
  await own.node.send(bob, { text: 'for whom has left' })
  isMember = false
  carrier.isReached = true
  const other = await own.node.send(seededSigner('carol').pastelId, { text: 'for a member' })
  await own.node.waitForDelivery(other.id, inTime())
  expect(carrier.handed).toEqual(['for a member'])
  expect(own.errors).toEqual([])
})

test('who is reached only by the carrier gets what follows without a wait for the mesh', async () => {
  const carrier = new TestCarrier()
  const own = await startNode({ identity: 'own', carrier })
  const first = await own.node.send(bob, { text: 'one' })
  await own.node.waitForDelivery(first.id, inTime())
  carrier.afterMs = 3_600_000
  for (const text of ['two', 'three', 'four']) {
    const { id } = await own.node.send(bob, { text })
    await own.node.waitForDelivery(id, inTime())
  }
  expect(carrier.handed).toEqual(['one', 'two', 'three', 'four'])
  expect(own.node.waiting()).toEqual([])
})

test('whom the carrier does not reach is waited for', async () => {
  const carrier = new TestCarrier()
  carrier.isReached = false
  const own = await startNode({ identity: 'own', carrier })
  const { id } = await own.node.send(bob, { text: 'one' })
  const other = await startNode({ identity: 'bob' })
  await connect(own, other)
  expect((await own.node.waitForDelivery(id, inTime())).state).toBe('delivered')
  expect(carrier.handed).toEqual([])
})

test('what is being handed over when the node stops is kept as that', async () => {
  const carrier = new TestCarrier()
  const reached = Promise.withResolvers<void>()
  const outcome = Promise.withResolvers<HandOutcome>()
  carrier.outcome = () => {
    reached.resolve()
    return outcome.promise
  }
  const own = await startNode({ identity: 'own', carrier })
  const { id } = await own.node.send(bob, { text: 'one' })
  await reached.promise
  const stopping = own.stop()
  outcome.resolve('handed')
  await stopping
  const again = await startNode({ identity: 'own', directory: own.directory })
  const status = await again.node.status(id)
  expect(status).toMatchObject({ state: 'handed-over', recipient: bob })
  expect(status).not.toHaveProperty('reason')
})
