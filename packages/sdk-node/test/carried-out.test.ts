import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import type { CarriedMessage, Carrier, HandOutcome } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { messagesOf } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const bob = seededSigner('bob').pastelId

/** Another way, of which a test says what becomes of each message. */
class TestCarrier implements Carrier {
  readonly name = 'other-way'
  readonly afterMs: number
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

  async hand(message: CarriedMessage): Promise<HandOutcome> {
    const text = textOf(message)
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

test('what may have been handed over when the node died is not handed over again, and says so', async () => {
  const carrier = new TestCarrier()
  const reached = Promise.withResolvers<void>()
  const never = Promise.withResolvers<HandOutcome>()
  carrier.outcome = () => {
    reached.resolve()
    return never.promise
  }
  const own = await startNode({ identity: 'own', carrier })
  const first = await own.node.send(bob, { text: 'one' })
  const second = await own.node.send(bob, { text: 'two' })
  await reached.promise
  // As a death would: what is on disk is all that is left.
  await own.store.stop()
  never.reject(new Error('gone'))
  await own.node.stop()

  const later = new TestCarrier()
  const again = await startNode({ identity: 'own', directory: own.directory, carrier: later })
  expect(await again.node.waitForDelivery(second.id, inTime())).toMatchObject({ state: 'handed-over' })
  expect(later.handed).toEqual(['two'])
  const status = await again.node.status(first.id)
  expect(status).toMatchObject({ state: 'handed-over', reason: 'outcome-unknown', recipient: bob })
  expect(await sentTexts(again)).toEqual(['one', 'two'])
  await waitUntil(() => again.node.waiting().length === 0, { what: 'nothing to wait' })
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
