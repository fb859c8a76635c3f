import { expect, test } from 'vitest'
import type { LostNotice } from '../src/index.ts'
import { loseBefore } from './fixtures/lose.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { appendAll, messagesOf } from './fixtures/storage.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

test('`lost` is a node’s own finding: who reads its logs is told of no loss, and gets what others have', async () => {
  const writer = new LogWriter({ identity: 'carol', startedAtMs: Date.now() - 60_000 })
  const batches = [await writer.write(), await writer.write({ count: 2 }), await writer.write()] as const
  const [first, , third] = batches
  // The sender itself, from which "I removed it" would end the waiting.
  const loser = await startNode({
    identity: 'carol',
    async prepare(store) {
      await appendAll(store, [first])
      await loseBefore(store, third)
    },
  })
  const holder = await startNode({ identity: 'holder', prepare: (store) => appendAll(store, batches) })
  const reader = await startNode({ identity: 'reader', lostAfterMs: 3_600_000 })
  const lost: LostNotice[] = []
  reader.node.addEventListener('lost', ({ detail }) => lost.push(detail))
  await connect(reader, loser)
  // What is behind the gap may be held before what is before it is on the disk.
  await waitUntil(() => reader.store.sizes.heldBatches === 1 && reader.store.end === 1, {
    what: 'what is before the gap and behind it',
  })
  await connect(reader, holder)
  await waitUntil(() => reader.store.end === 4, { what: 'all of it' })
  const positions = (await messagesOf(reader.node.messages())).map(({ position }) => position)
  expect(positions).toEqual([0, 1, 2, 3])
  expect(lost).toEqual([])
})
