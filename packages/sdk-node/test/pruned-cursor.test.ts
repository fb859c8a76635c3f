import { expect, test } from 'vitest'
import type { ReceivedEntry } from '../src/index.ts'
import { pruneAll } from './fixtures/lose.ts'
import { numbered, startNode } from './fixtures/nodes.ts'
import { collect, messagesOf } from './fixtures/storage.ts'

const shortly = (entry: ReceivedEntry | undefined) =>
  entry?.kind === 'message' ? entry.position : entry?.kind

test('a cursor behind retention is told so, and goes on with what is left; one above it goes on as ever', async () => {
  const { node, store } = await startNode({ identity: 'alice', maxBatchMessages: 2 })
  await node.publishMany('test', numbered(6))
  const cursors = (await messagesOf(node.messages())).map(({ cursor }) => cursor)
  await pruneAll(store)
  expect(store.floor).toBe(4)
  expect((await collect(node.messages({ from: cursors[0] as string }))).map(shortly)).toEqual([
    'pruned',
    4,
    5,
  ])
  expect((await collect(node.messages({ from: cursors[3] as string }))).map(shortly)).toEqual([4, 5])
  const subscription = node.subscribe('test', { from: cursors[0] as string })
  const first = (await subscription.next()).value as ReceivedEntry
  const second = (await subscription.next()).value as ReceivedEntry
  expect([first, second].map(shortly)).toEqual(['pruned', 4])
  await subscription.return(undefined)
})
