import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { expect, onTestFinished, test } from 'vitest'
import { OneConnection } from '../src/connection/one-connection.ts'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const NOW = Date.now()

const TURN_MS = 500
/** Timers of Node may be early. */
const TIMER_ERROR_MS = 5

/** A node, and two that have the same key and have shown certificates of their own. */
async function startTwins() {
  const node = await GossipNode.start({ identity: 'alice' })
  const nodeKey = await generateKeyPair('Ed25519')
  const twins = await Promise.all([startRawPeer({ nodeKey }), startRawPeer({ nodeKey })])
  const dial = async (which: 0 | 1) => {
    const before = node.certified.length
    const peer = twins[which]
    await peer.dialAsMember(node.address, await certificateFor(peer, 'mallory', { serial: NOW + which }))
    await waitUntil(() => node.certified.length > before, { what: 'it to be certified' })
    return node.certified.at(-1)?.connection as Connection
  }
  return { node, dial }
}

test('two nodes with one key take turns: the newer is used, but not before the other had its time', async () => {
  const { node, dial } = await startTwins()
  let keptMs = 0
  const one = new OneConnection(
    { self: () => node.transport.libp2p.peerId, patienceMs: 0, turnMs: TURN_MS },
    {
      onKept: () => {
        keptMs = performance.now()
      },
      serialOf: (connection) => node.gate.peerOn(connection)?.certificate.serial,
    },
  )
  onTestFinished(() => one.stop())
  const add = (connection: Connection) => {
    connection.addEventListener('close', () => one.remove(connection), { once: true })
    return one.add(connection)
  }
  let used = await dial(0)
  let sinceMs = performance.now()
  expect(add(used)).toBe(true)
  for (const which of [1, 0, 1] as const) {
    const next = await dial(which)
    expect(add(next)).toBe(false)
    expect([...one.all()]).toEqual([used])
    const before = used
    await waitUntil(() => before.status !== 'open', { what: 'the other to be hung up on' })
    expect([...one.all()]).toEqual([next])
    expect(performance.now() - sinceMs).toBeGreaterThan(TURN_MS - TIMER_ERROR_MS)
    sinceMs = keptMs
    used = next
  }
})

test('who shows an older certificate than its key has shown before is told of', async () => {
  const { node, dial } = await startTwins()
  await dial(0)
  await dial(1)
  expect(node.twice).toEqual([])
  const older = await dial(0)
  expect(node.twice).toMatchObject([{ connection: older, certificate: { serial: NOW } }])
  await dial(1)
  expect(node.twice).toHaveLength(1)
  expect(node.refusals).toEqual([])
})
