import { readCertificate } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { startNode } from './fixtures/nodes.ts'
import { certificateFor } from './fixtures/raw-peers.ts'
import { collect } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const { pastelId } = seededSigner('alice')
const MINUTE_MS = 60_000

/** The serial of a node whose PastelID had a certificate with this serial and node key when it ran last. */
async function serialAfter(before: number, isSameKey: boolean): Promise<number> {
  const [nodeKey, otherKey] = await Promise.all([generateNodeKey(), generateNodeKey()])
  const value = await certificateFor({ nodeKey: isSameKey ? nodeKey : otherKey }, 'alice', { serial: before })
  const alice = await startNode({
    identity: 'alice',
    nodeKey,
    prepare: (store) => store.values.write([{ name: `book/${pastelId}`, value }]),
  })
  expect(alice.node.standing.superseded).toBeUndefined()
  await alice.node.stop()
  const kept = await collect(alice.store.values.read(`book/${pastelId}`))
  return readCertificate(kept[0]?.[1] as Uint8Array).serial
}

test.each([
  ['its own certificate', true],
  ['that of the node which had its PastelID', false],
])('a node whose clock was set back by a minute goes on from the serial of %s', async (_, isSameKey) => {
  const before = Date.now() + MINUTE_MS
  const serial = await serialAfter(before, isSameKey)
  expect(serial).toBeGreaterThan(before)
  // One at the start, one with its addresses: each the next.
  expect(serial).toBeLessThanOrEqual(before + 8)
})

test('a serial that others would refuse as from the future is not gone on from', async () => {
  expect(await serialAfter(Date.now() + 60 * MINUTE_MS, true)).toBeLessThanOrEqual(Date.now())
})
