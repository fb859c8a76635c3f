import type { RangesRequest } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import type { LostNotice } from '../src/index.ts'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { startNode } from './fixtures/nodes.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

/** So often is asked for what is announced and does not come: with pauses, for longer than it takes to lose it. */
const REQUESTS = 3

test.each(['denied', 'pruned'] as const)(
  'only signed bytes prove a range: heads that a peer announces, and then has %s, are never lost',
  async (how) => {
    const node = await startNode({ identity: 'alice', syncIntervalMs: 50, lostAfterMs: 50 })
    const lost: LostNotice[] = []
    node.node.addEventListener('lost', ({ detail }) => lost.push(detail))
    const writer = new LogWriter({ identity: 'mallory', startedAtMs: Date.now() - 60_000 })
    const [first, second] = [await writer.write(), await writer.write()]
    const holder = new BatchHolder([first, second])
    const refuse = ({ id, ranges }: RangesRequest) => {
      const holes = { denied: [], pruned: [], [how]: ranges }
      return [{ kind: 'ranges' as const, id, batches: [], ...holes, done: true }]
    }
    holder.ranges = refuse
    // By the sender itself, whose word ends the waiting for what is proved.
    await joinHolder(node, holder, 'mallory')
    await waitUntil(() => holder.rangesRequests().length >= REQUESTS, { what: 'the node to ask on' })
    expect(lost).toEqual([])
    expect(await node.store.gaps(10)).toEqual([])
    expect(node.store.end).toBe(0)

    // A batch proves what is before it.
    holder.ranges = (request) => {
      const honest = holder.honestRanges(request)
      return honest.batches.length < 2 ? refuse(request) : [{ ...honest, batches: [second.envelope] }]
    }
    await waitUntil(() => lost.length > 0, { what: 'the proved range to be lost' })
    expect(lost).toMatchObject([{ kind: 'lost', log: writer.log, first: 0, last: 0, reason: how }])
  },
  30_000,
)
