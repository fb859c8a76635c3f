import { createLocalSigner, generateSeed, parsePastelId } from '@pastel-mesh/identity'
import { textOf } from '@pastel-mesh/protocol'
import { createOpenRegistry, type MemberRegistry } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test } from 'vitest'
import {
  type EmulatedSupernode,
  startPasteldEmulator,
} from '../../testkit/src/pasteld-emulator/start-pasteld-emulator.ts'
import { encodeEnvelope } from '../src/index.ts'
import { clientOf, receivedBy, startBridgedNode } from './fixtures/bridged-node.ts'
import { waitUntil } from './fixtures/testkit.ts'

async function startCores(supernodes: number): Promise<EmulatedSupernode[]> {
  const emulator = await startPasteldEmulator({ supernodes, latency: 0 })
  onTestFinished(() => emulator.stop())
  return [...emulator.supernodes]
}

/** An envelope as the supernode of a core writes it. */
async function envelopeOf(core: EmulatedSupernode, message: string, messageType = 'note'): Promise<string> {
  const signature = await createLocalSigner(Buffer.from(core.pastelIdSeed, 'hex')).sign(message)
  return encodeEnvelope({ message, messageType, signature, publicKey: core.publicKey })
}

test('what a supernode sends through its core comes to the inbox, from its true sender, once, also over a restart', async () => {
  const [own, other] = (await startCores(2)) as [EmulatedSupernode, EmulatedSupernode]
  const first = await startBridgedNode(own)
  const sender = await clientOf(other)
  await sender.sendMessage(own.publicKey, await envelopeOf(other, 'gruß 🎨'))
  const [message] = await waitUntil(
    async () => {
      const found = await receivedBy(first)
      return found.length > 0 && found
    },
    { what: 'the message' },
  )
  if (message === undefined) throw new Error('nothing came')
  expect(message).toMatchObject({ sender: other.pastelId, via: 'pasteld', type: 'note' })
  expect(textOf(message)).toBe('gruß 🎨')
  expect(Math.abs(message.createdAtMs - Date.now())).toBeLessThan(60_000)
  expect(message.headers['pastel-signature']).toHaveLength(152)
  await first.stop()

  // The list still shows it, and shows another.
  const again = await startBridgedNode(own, { directory: first.directory })
  await sender.sendMessage(own.publicKey, await envelopeOf(other, 'gruß 🎨'))
  await waitUntil(() => again.bridge.status().takenIn === 1, { what: 'the second message' })
  const polled = again.bridge.status().polledAtMs
  await waitUntil(() => again.bridge.status().polledAtMs !== polled, { what: 'another look at the list' })
  // The same text, sent twice, is two messages.
  expect((await receivedBy(again, parsePastelId(other.pastelId))).map(textOf)).toEqual(['gruß 🎨', 'gruß 🎨'])
  expect(again.errors).toEqual([])
})

test('entries that are no messages to this node stop none that are, and are counted once, each by its reason', async () => {
  const [own, other, third] = (await startCores(3)) as [
    EmulatedSupernode,
    EmulatedSupernode,
    EmulatedSupernode,
  ]
  const stranger = createLocalSigner(generateSeed())
  const text = 'as if the other had said it'
  const forged = { message: text, messageType: 'x', publicKey: other.publicKey }
  const now = Math.floor(Date.now() / 1000)
  const good = await envelopeOf(other, 'good')
  const from = other.outpoint
  for (const message of [
    { from, text: '5000' },
    { from, text: '0 5000' },
    { from, text: 'not base64 at all' },
    { from, text: good.slice(0, 40) },
    { from, text: encodeEnvelope({ ...forged, signature: await stranger.sign(text) }) },
    { from: third.outpoint, text: good },
    { from: `${'ee'.repeat(32)}-0`, text: good },
    { from, text: good, to: third.outpoint },
    { from, text: good, timestamp: now - 4 * 24 * 60 * 60 },
    { from, text: good, timestamp: now + 3 * 24 * 60 * 60 },
  ]) {
    await own.inject({ message })
  }
  await own.inject({ entry: { nonsense: 1 } })
  const bridged = await startBridgedNode(own)
  const sender = await clientOf(other)
  await sender.sendMessage(own.publicKey, good)
  await waitUntil(() => bridged.bridge.status().takenIn === 1, { what: 'the bridge to count it' })
  const { polledAtMs } = bridged.bridge.status()
  await waitUntil(() => bridged.bridge.status().polledAtMs !== polledAtMs, {
    what: 'another look at the list',
  })
  expect((await receivedBy(bridged)).map(textOf)).toEqual(['good'])
  expect(bridged.bridge.status().refused).toEqual({
    fee: 2,
    envelope: 2,
    forged: 2,
    'unknown-sender': 1,
    'ambiguous-sender': 0,
    'not-a-member': 0,
    message: 0,
    malformed: 0,
    ahead: 1,
    obsolete: 1,
  })
  expect(bridged.errors).toEqual([])
})

test('what somebody sent who was no member comes when it is one', async () => {
  const [own, other] = (await startCores(2)) as [EmulatedSupernode, EmulatedSupernode]
  const open = createOpenRegistry()
  let isMember = false
  const registry: MemberRegistry = {
    ...open,
    memberAt: (pastelId, timeMs) =>
      pastelId !== other.pastelId || isMember ? open.memberAt(pastelId, timeMs) : undefined,
  }
  const bridged = await startBridgedNode(own, { registry })
  await (await clientOf(other)).sendMessage(own.publicKey, await envelopeOf(other, 'early'))
  await waitUntil(() => bridged.bridge.status().refused['not-a-member'] === 1, {
    what: 'the bridge to count it',
  })
  expect(await receivedBy(bridged)).toEqual([])
  isMember = true
  await waitUntil(() => bridged.bridge.status().takenIn === 1, { what: 'the bridge to count it' })
  expect((await receivedBy(bridged)).map(textOf)).toEqual(['early'])
  expect(bridged.bridge.status().refused['not-a-member']).toBe(1)
})

test('a message type that none of ours can be is kept in a header', async () => {
  const [own, other] = (await startCores(2)) as [EmulatedSupernode, EmulatedSupernode]
  const bridged = await startBridgedNode(own)
  const sender = await clientOf(other)
  for (const type of ['', 'two\nlines', 'ü'.repeat(600)]) {
    await sender.sendMessage(own.publicKey, await envelopeOf(other, `type ${type.length}`, type))
  }
  await waitUntil(() => bridged.bridge.status().takenIn === 3, { what: 'the bridge to count it' })
  const found = new Map((await receivedBy(bridged)).map((message) => [textOf(message), message]))
  expect([...found.values()].every(({ type }) => type === 'pastel')).toBe(true)
  expect(found.get('type 0')?.headers['pastel-message-type']).toBe('')
  expect(found.get('type 9')?.headers['pastel-message-type']).toBe('two\nlines')
  expect(found.get('type 600')?.headers['pastel-message-type']).toBe('ü'.repeat(512))
})
