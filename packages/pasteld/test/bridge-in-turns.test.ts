import type { PastelId } from '@pastel-mesh/identity'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import { expect, test } from 'vitest'
import { Incoming } from '../src/bridge/incoming.ts'
import type { TakenIds } from '../src/bridge/taken-ids.ts'
import type { Supernode } from '../src/index.ts'
import { BOMBS } from './fixtures/frames.ts'
import { createSender } from './fixtures/signed.ts'

/** As much of them as is asked before an envelope is decoded. */
function incomingWithout(onRefused: (reason: string) => void) {
  const { supernode } = createSender()
  const sender = supernode as Supernode
  const own = createSender().supernode.pastelId as PastelId
  const local = { ...sender, outpoint: 'own-0', pastelId: own }
  const taken = { isFull: false, isDue: false, floorMs: 0, has: () => false } as Partial<TakenIds> as TakenIds
  const registry = { memberAt: () => ({}) } as object as MeshNode['registry']
  const node = { registry } as MeshNode
  const directory = {
    local: () => local,
    byOutpoint: () => sender,
    supernodes: () => [sender],
    refresh: () => Promise.resolve(),
  }
  const incoming = new Incoming({
    directory,
    signer: { pastelId: own },
    senderRate: { burst: 1_000, perSecond: 1 },
    node: () => node,
    taken,
    onRefused,
    onTaken: () => {},
  })
  return { incoming, from: sender.outpoint, to: local.outpoint }
}

test('while many bombs of a member are refused, everything else has its turn', async () => {
  const refused: string[] = []
  const { incoming, from, to } = incomingWithout((reason) => refused.push(reason))
  const timestamp = Math.floor(Date.now() / 1000)
  const entries = Array.from({ length: 20 }, (_, i) => ({
    id: i.toString(16).padStart(64, '0'),
    from,
    to,
    timestamp,
    text: BOMBS[0]?.text ?? '',
  }))
  let turns = 0
  let isOver = false
  const turn = () => {
    turns += 1
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await incoming.take(entries, { sinceMs: 0, forgetMs: 0 }, new AbortController().signal)
  isOver = true
  expect(refused).toEqual(Array(20).fill('envelope'))
  expect(turns).toBeGreaterThanOrEqual(20)
})
