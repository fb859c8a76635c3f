import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { LegacySupernode } from '../src/pasteld-emulator/legacy-supernode.ts'
import type { PasteldEmulatorOptions } from '../src/pasteld-emulator/options.ts'
import { decodePlainEnvelope, encodePlainEnvelope } from '../src/pasteld-emulator/plain-envelope.ts'
import {
  type EmulatedSupernode,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { call } from './fixtures/emulated-rpc.ts'

/** Made by Python's zstandard, without the content size. */
const WITHOUT_SIZE = 'KLUv/QBYeQAAeyJtZXNzYWdlIjoieCJ9'

async function startPair(options: Partial<PasteldEmulatorOptions> = {}) {
  const emulator = await startPasteldEmulator({
    supernodes: [{}, { auth: 'cookie' }],
    latency: 0,
    ...options,
  })
  const cores = emulator.supernodes as [EmulatedSupernode, EmulatedSupernode]
  const nodes = cores.map((core) => new LegacySupernode(core, { pollMs: 20 })) as [
    LegacySupernode,
    LegacySupernode,
  ]
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
    await emulator.stop()
  })
  return { emulator, cores, nodes }
}

it('sends and receives through its core only, each message once', async () => {
  const { nodes, cores } = await startPair()
  const [alice, bob] = nodes
  bob.start()
  expect(await alice.send(bob.pastelId, 'hello, wörld', { type: 'greeting' })).toBe('sent')
  expect(await alice.send(bob.pastelId, 'hello, wörld', { type: 'greeting' })).toBe('sent')
  await waitUntil(() => bob.received.length === 2, { what: 'both have come' })
  const looks = async () => (await cores[1].calls())['masternode message list']?.calls ?? 0
  const before = await looks()
  await waitUntil(async () => (await looks()) > before + 2, { what: 'it has looked again' })
  expect(bob.received).toEqual(
    Array.from({ length: 2 }, () => ({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      from: alice.pastelId,
      type: 'greeting',
      message: 'hello, wörld',
      timestamp: expect.any(Number),
    })),
  )
  await expect(alice.send('jX', 'x')).rejects.toThrow('there is no supernode jX')
})

it('passes over what is no message of a supernode', async () => {
  const { nodes, cores } = await startPair()
  const [alice, bob] = nodes
  const from = cores[0].outpoint
  const envelope = {
    message: 'x',
    message_type: 'text',
    signature: 'A'.repeat(152),
    sending_sn_pubkey: cores[0].publicKey,
  }
  const texts = [
    '5000',
    '0 5000',
    WITHOUT_SIZE,
    encodePlainEnvelope(envelope),
    encodePlainEnvelope({ ...envelope, sending_sn_pubkey: cores[1].publicKey }),
  ]
  for (const text of texts) await cores[1].inject({ message: { from, text } })
  await cores[1].inject({ message: { from: `${'0'.repeat(64)}-0`, text: encodePlainEnvelope(envelope) } })
  await cores[1].inject({ entry: 'garbage' })
  await alice.send(bob.pastelId, 'after them')
  await bob.poll()
  expect(bob.received.map(({ message }) => message)).toEqual(['after them'])
  expect(bob.refused.map(({ why }) => why).sort()).toEqual(
    [
      'no zstd frame',
      'no zstd frame',
      'a zstd frame without content size',
      'its signature is wrong',
      'its public key is not its sender’s',
      'it comes from no supernode that the core knows',
    ].sort(),
  )
})

it('goes on through restarts of its core, and says of what nobody knows that it is uncertain', async () => {
  const { nodes, cores } = await startPair()
  const [alice, bob] = nodes
  alice.start()
  bob.start()
  await cores[0].stop()
  const sent = alice.send(bob.pastelId, 'while it was away')
  await cores[0].start(100)
  expect(await sent).toBe('sent')
  await cores[0].inject({ method: 'masternode message send', how: 'lost' })
  expect(await alice.send(bob.pastelId, 'lost')).toBe('uncertain')
  // Another cookie.
  await cores[1].restart()
  expect(await bob.send(alice.pastelId, 'back')).toBe('sent')
  await waitUntil(() => bob.received.length === 2 && alice.received.length === 1, { what: 'all have come' })
  expect(bob.received.map(({ message }) => message).sort()).toEqual(['lost', 'while it was away'])
})

it('a cookie that is no longer right is read again', async () => {
  const { nodes, cores } = await startPair()
  const [alice, bob] = nodes
  await writeFile(join(cores[1].dataFolder, 'testnet3', '.cookie'), '__cookie__:of before')
  const sent = bob.send(alice.pastelId, 'hello')
  expect((await call(cores[1], 'getinfo')).status).toBe(401)
  await cores[1].restart()
  expect(await sent).toBe('sent')
})

it('its envelopes are JSON in zstd with content size in base64', () => {
  const envelope = { message: 'wörld', message_type: 't', signature: 's', sending_sn_pubkey: '04' }
  const text = encodePlainEnvelope(envelope)
  expect(text).toMatch(/^KLUv/)
  expect(decodePlainEnvelope(text)).toEqual(envelope)
  expect(() => decodePlainEnvelope(encodePlainEnvelope({ ...envelope, signature: 7 as never }))).toThrow(
    'no signature',
  )
})
