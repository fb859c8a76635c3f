import type { Connection } from '@libp2p/interface'
import { expect, test } from 'vitest'
import { GossipNode } from './fixtures/gossip-node.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { waitUntil } from './fixtures/testkit.ts'

const MAX_UNCERTIFIED = 32
const SILENT = MAX_UNCERTIFIED + 16

test('silent connections crowd each other out, and keep no certified peer from connecting or staying', async () => {
  const [node, before, after] = await Promise.all(
    ['alice', 'bob', 'carol'].map((identity) => GossipNode.start({ identity })),
  )
  if (node === undefined || before === undefined || after === undefined) throw new Error('no nodes')
  await before.join(node)
  const attacker = await startRawPeer()
  const silent: Connection[] = []
  while (silent.length < SILENT) silent.push(await attacker.dial(node.address))
  await waitUntil(() => node.refusals.length === SILENT - MAX_UNCERTIFIED, { what: 'the first to be closed' })
  expect(new Set(node.refusals.map(({ reason }) => reason))).toEqual(new Set(['too-many']))
  await waitUntil(() => silent.filter(({ status }) => status === 'open').length === MAX_UNCERTIFIED, {
    what: 'the pool to be as large as it may be',
  })

  // Both ways into a full pool: one that dials, and one that is dialled.
  await after.join(node)
  const member = await startRawPeer()
  await member.dialAsMember(node.address, await certificateFor(member))
  await waitUntil(() => node.certified.length === 3, { what: 'the member to be certified' })
  expect(node.gone).toEqual([])
  expect(silent.filter(({ status }) => status === 'open').length).toBeLessThanOrEqual(MAX_UNCERTIFIED)
})
