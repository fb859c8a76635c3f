import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { startNode, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

const TOPIC = 'found'

test('a node with one address finds all others of its topic, and comes back though nobody is there any more', async () => {
  const bootstrap = await startNode({ identity: 'bootstrap', topics: [], discover: true })
  const start = (identity: string, options = {}) =>
    startNode({ identity, topics: [TOPIC], bootstrap: [bootstrap.address], discover: true, ...options })
  const others = await Promise.all(['a', 'b', 'c', 'd'].map((identity) => start(identity)))
  const nodeKey = await generateNodeKey()
  const first = await start('late', { nodeKey })
  const waiting = first.node.waitForPeers(TOPIC, { min: 4, signal: AbortSignal.timeout(10_000) })
  expect(new Set((await waiting).map(({ pastelId }) => pastelId))).toEqual(
    new Set(others.map(({ node }) => node.pastelId)),
  )
  const known = first.node.knownNodes()
  expect(new Set(known.map(({ pastelId }) => pastelId))).toEqual(
    new Set([bootstrap, ...others].map(({ node }) => node.pastelId)),
  )
  for (const { node, address } of others) {
    const entry = known.find(({ pastelId }) => pastelId === node.pastelId)
    expect(entry).toMatchObject({ peerId: node.peerId, topics: [TOPIC], isConnected: true })
    expect(address).toBe(`${entry?.addresses[0]}/p2p/${node.peerId}`)
    expect(entry?.expiresAtMs).toBeGreaterThan(Date.now())
  }
  await first.stop()
  await bootstrap.stop()

  const again = await start('late', { nodeKey, directory: first.directory })
  await again.node.waitForPeers(TOPIC, { min: 4, signal: AbortSignal.timeout(10_000) })
  const [one] = others as [TestNode]
  await again.node.disconnect(one.node.pastelId)
  // What it had heard of is enough to connect by PastelID.
  await again.node.connect(one.node.pastelId)
  for (const { errors } of [again, ...others]) expect(errors).toEqual([])
}, 30_000)

test('whom the operator disconnected is not dialled again by itself', async () => {
  const one = await startNode({ identity: 'one', topics: [TOPIC], discover: true })
  // It does not come by itself.
  const other = await startNode({ identity: 'other', topics: [TOPIC] })
  const third = await startNode({ identity: 'third', topics: [TOPIC], bootstrap: [one.address] })
  await one.node.connect(other.address)
  await one.node.waitForPeers(TOPIC, { min: 2, signal: AbortSignal.timeout(10_000) })
  await one.node.disconnect(other.address)
  await third.stop()
  const last = await startNode({ identity: 'last', topics: [TOPIC], bootstrap: [one.address] })
  await one.node.waitForPeers(TOPIC, { signal: AbortSignal.timeout(10_000) })
  await waitUntil(() => one.node.knownNodes().length === 3, { what: 'the last to be known' })
  // Twice the longest first pause after a loss: a node that dials by itself would have.
  await delay(3_000)
  expect(one.node.peers().map(({ pastelId }) => pastelId)).toEqual([last.node.pastelId])
}, 30_000)
