import { expect, test } from 'vitest'
import type { Sent } from '../src/index.ts'
import { inTime } from './fixtures/inbox.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { collect } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const MAX_BYTES = 64 * 1024
const outbox = { maxBytes: MAX_BYTES }
const bobsId = seededSigner('bob').pastelId
const body = (sizeBytes: number) => ({ bytes: new Uint8Array(sizeBytes) })
const isFull = expect.objectContaining({
  code: 'ERR_OUTBOX_FULL',
  message: expect.stringContaining('set outbox.maxSize higher'),
})

/** Sends messages until one is refused. */
async function fill({ node }: TestNode, expiresAtMs?: number): Promise<Sent[]> {
  const sent: Sent[] = []
  for (;;) {
    try {
      const message = { ...body(10_000), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) }
      sent.push(await node.send(bobsId, message))
    } catch (error) {
      expect(error).toEqual(isFull)
      return sent
    }
  }
}

/** A node that knows a recipient who is away. */
async function withoutBob() {
  const alice = await startNode({ identity: 'alice', outbox })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await bob.stop()
  return { alice, bob }
}

test('a full outbox refuses, after a restart as well, and has room again when its messages are delivered', async () => {
  const { alice, bob } = await withoutBob()
  const sent = await fill(alice)
  expect(sent).toHaveLength(6)
  expect(alice.node.outbox().usedBytes).toBeGreaterThan(60_000)
  expect(alice.node.outbox().usedBytes).toBeLessThanOrEqual(MAX_BYTES)
  // To several, or of several, all or nothing.
  const { end } = alice.store
  const small = Array.from({ length: 10 }, () => body(1_000))
  await expect(alice.node.sendMany(bobsId, small)).rejects.toEqual(isFull)
  await expect(alice.node.send([alice.node.pastelId, bobsId], body(10_000))).rejects.toEqual(isFull)
  expect(alice.store.end).toBe(end)
  // What goes to oneself is delivered at once, and topics have nothing to do with it.
  await alice.node.send(alice.node.pastelId, body(10_000))
  await alice.node.publish('test', body(10_000))
  await alice.stop()

  const again = await startNode({ identity: 'alice', directory: alice.directory, outbox })
  await expect(again.node.send(bobsId, body(10_000))).rejects.toEqual(isFull)
  const back = await startNode({ identity: 'bob', directory: bob.directory })
  await connect(back, again)
  await again.node.waitForDelivery((sent.at(-1) as Sent).id, inTime())
  await waitUntil(() => again.node.outbox().usedBytes === 0, { what: 'the outbox to be empty' })
  expect((await again.node.send(bobsId, body(10_000))).state).toBe('accepted')
})

test('of what comes one by one nothing is taken that finds no room', async () => {
  const { alice } = await withoutBob()
  const messages = (function* () {
    for (;;) yield body(10_000)
  })()
  await expect(alice.node.sendMany(bobsId, messages)).rejects.toEqual(isFull)
  expect(alice.node.outbox().usedBytes).toBeLessThanOrEqual(MAX_BYTES)
})

test('messages that wait for a certificate take room of the outbox, over a restart, until they are sent', async () => {
  const alice = await startNode({ identity: 'alice', outbox })
  const sent = await fill(alice)
  expect(sent.map(({ state }) => state)).toEqual(Array(6).fill('waiting-for-certificate'))
  const { usedBytes } = alice.node.outbox()
  expect(usedBytes).toBeGreaterThan(60_000)
  await alice.stop()
  const again = await startNode({ identity: 'alice', directory: alice.directory, outbox })
  expect(again.node.outbox().usedBytes).toBe(usedBytes)
  await expect(again.node.send(bobsId, body(10_000))).rejects.toEqual(isFull)
  const bob = await startNode({ identity: 'bob' })
  await connect(again, bob)
  await waitUntil(() => again.node.outbox().usedBytes === 0, { what: 'the outbox to be empty' })
  expect(again.errors).toEqual([])
})

test('what has expired gives its room back', async () => {
  const { alice } = await withoutBob()
  const expiresAtMs = Date.now() + 1_500
  expect(await fill(alice, expiresAtMs)).toHaveLength(6)
  await waitUntil(() => Date.now() > expiresAtMs, { what: 'the expiry' })
  expect((await alice.node.send(bobsId, body(10_000))).state).toBe('accepted')
  expect(await collect(alice.node.messages({ direct: 'sent' }))).toHaveLength(7)
})
