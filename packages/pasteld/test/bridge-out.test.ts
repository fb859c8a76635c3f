import { type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { expect, onTestFinished, test } from 'vitest'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../../testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { decodeEnvelope, type PasteldClient, verifyEnvelope } from '../src/index.ts'
import { type BridgedNode, clientOf, receivedBy, startBridgedNode } from './fixtures/bridged-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

const inTime = () => ({ signal: AbortSignal.timeout(20_000) })

async function startCores(
  supernodes: number,
): Promise<{ emulator: PasteldEmulator; own: EmulatedSupernode; other: EmulatedSupernode }> {
  const emulator = await startPasteldEmulator({ supernodes, latency: 0 })
  onTestFinished(() => emulator.stop())
  const [own, other] = emulator.supernodes as [EmulatedSupernode, EmulatedSupernode]
  return { emulator, own, other }
}

function idOf({ pastelId }: EmulatedSupernode): PastelId {
  return parsePastelId(pastelId)
}

/** The texts of the envelopes that a core has for its supernode, in no order. */
async function textsAt(client: PasteldClient): Promise<string[]> {
  return (await client.listMessages()).map(({ text }) => decodeEnvelope(text).message)
}

async function delivered({ node }: BridgedNode, id: string) {
  return node.waitForDelivery(id, inTime())
}

test('a message to who is not on the mesh goes out in an envelope that its core and its key verify, once', async () => {
  const { own, other } = await startCores(2)
  const bridged = await startBridgedNode(own)
  const recipient = await clientOf(other)
  const { id, state } = await bridged.node.send(idOf(other), { type: 'order', text: 'grün' })
  expect(state).toBe('waiting-for-certificate')
  expect(await delivered(bridged, id)).toMatchObject({ state: 'handed-over', via: 'pasteld' })
  const [entry, ...more] = await recipient.listMessages()
  if (entry === undefined) throw new Error('nothing came')
  expect(more).toEqual([])
  expect(entry).toMatchObject({ from: own.outpoint, to: other.outpoint })
  const envelope = decodeEnvelope(entry.text)
  expect(envelope).toMatchObject({ message: 'grün', messageType: 'order', publicKey: own.publicKey })
  await verifyEnvelope(envelope, { outpoint: own.outpoint, pastelId: idOf(own), publicKey: own.publicKey })
  expect(await recipient.verify('grün', envelope.signature, idOf(own))).toBe(true)
  expect(bridged.bridge.status()).toMatchObject({ handedOver: 1, uncertain: 0, failed: 0 })
})

test('JSON goes as its text; bytes, and what begins as texts of this protocol, wait on', async () => {
  const { own, other } = await startCores(2)
  const bridged = await startBridgedNode(own)
  const recipient = await clientOf(other)
  const bytes = await bridged.node.send(idOf(other), { bytes: new Uint8Array(3) })
  const reserved = await bridged.node.send(idOf(other), { text: 'pastel-mesh/batch/1:00' })
  const json = await bridged.node.send(idOf(other), { json: { a: 1 } })
  await delivered(bridged, json.id)
  expect(await textsAt(recipient)).toEqual(['{"a":1}'])
  for (const { id } of [bytes, reserved]) {
    expect((await bridged.node.status(id)).state).toBe('waiting-for-certificate')
  }
})

test('two supernodes with bridges that are not connected reach each other, and on the mesh nothing goes twice', async () => {
  const { own, other } = await startCores(2)
  const [one, two] = [await startBridgedNode(own), await startBridgedNode(other)]
  const { id } = await one.node.send(idOf(other), { text: 'through the cores' })
  await delivered(one, id)
  await waitUntil(async () => (await receivedBy(two)).length === 1, { what: 'the message' })
  await one.node.connect(two.node.addresses()[0] as string)
  const next = await one.node.send(idOf(other), { text: 'by the mesh' })
  expect((await delivered(one, next.id)).state).toBe('delivered')
  const calls = await own.calls()
  expect(calls['masternode message send']?.calls).toBe(1)
  const ways = (await receivedBy(two, idOf(own))).map(({ via }) => via)
  expect(ways).toEqual(['pasteld', undefined])
})

test('while its core is down a message waits, and then goes once', async () => {
  const { own, other } = await startCores(2)
  const bridged = await startBridgedNode(own)
  const recipient = await clientOf(other)
  await own.stop()
  const { id } = await bridged.node.send(idOf(other), { text: 'patience' })
  await waitUntil(() => bridged.bridge.status().failed > 0, { what: 'the bridge to count it' })
  expect((await bridged.node.status(id)).state).toBe('waiting-for-certificate')
  await own.start(300)
  expect(await delivered(bridged, id)).toMatchObject({ state: 'handed-over' })
  expect(await textsAt(recipient)).toEqual(['patience'])
  expect(bridged.bridge.status().uncertain).toBe(0)
})

test('of which nobody can say whether the core took it is not sent again, and says so', async () => {
  const { own, other } = await startCores(2)
  const bridged = await startBridgedNode(own)
  const recipient = await clientOf(other)
  await own.inject({ method: 'masternode message send', how: 'lost' })
  const lost = await bridged.node.send(idOf(other), { text: 'maybe' })
  const next = await bridged.node.send(idOf(other), { text: 'surely' })
  expect(await delivered(bridged, lost.id)).toMatchObject({ state: 'handed-over', reason: 'outcome-unknown' })
  const status = await delivered(bridged, next.id)
  expect(status.state).toBe('handed-over')
  expect(status).not.toHaveProperty('reason')
  expect((await textsAt(recipient)).sort()).toEqual(['maybe', 'surely'])
  expect(bridged.bridge.status()).toMatchObject({ handedOver: 1, uncertain: 1 })
})

test('a recipient that the core does not take messages for holds up no other', async () => {
  const { emulator, own, other } = await startCores(3)
  const third = emulator.supernodes[2] as EmulatedSupernode
  const bridged = await startBridgedNode(own)
  await own.inject({
    method: 'masternode message send',
    how: { code: -1, message: 'Unknown Masternode' },
    times: 1,
  })
  const first = await bridged.node.send(idOf(third), { text: 'to the third' })
  await waitUntil(() => bridged.bridge.status().failed === 1, { what: 'the bridge to count it' })
  const second = await bridged.node.send(idOf(other), { text: 'to the other' })
  expect((await delivered(bridged, second.id)).state).toBe('handed-over')
  expect((await delivered(bridged, first.id)).state).toBe('handed-over')
  expect(await textsAt(await clientOf(third))).toEqual(['to the third'])
})
