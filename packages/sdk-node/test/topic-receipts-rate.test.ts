import { readReceipt } from '@pastel-mesh/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { DirectRequester } from '../src/direct/direct-requester.ts'
import { ReceiptMaker } from '../src/direct/receipt-maker.ts'
import { SyncRequester } from '../src/sync/requester.ts'
import { connect, hears, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** 20 in the full form. */
const MEMBERS = process.env.PMESH_TEST_FULL === undefined ? 5 : 20
const AUTHORS = 3
const ROUNDS = 2

afterEach(() => vi.restoreAllMocks())

/** A message of each that the other stores. */
async function publishAll(authors: readonly TestNode[], at: TestNode): Promise<string[]> {
  const before = at.store.end
  const published = await Promise.all(authors.map(({ node }) => node.publish('test', { text: 'x' })))
  await stores(at, before + authors.length)
  return published.map(({ id }) => id)
}

test('a node gives one receipt about topics a second, to all who have asked meanwhile', async () => {
  const bob = await startNode({ identity: 'bob' })
  const authors: TestNode[] = []
  for (let i = 0; i < AUTHORS; i += 1) authors.push(await startNode({ identity: `author-${i}` }))
  for (const author of authors) {
    await connect(author, bob)
    await hears(author, bob)
  }
  const ask = vi.spyOn(DirectRequester.prototype, 'ask')
  const rounds: number[][] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const ids = await publishAll(authors, bob)
    const asked = ask.mock.calls.length
    // Each author asks five times at once, of one message.
    const all = await Promise.all(
      authors.flatMap(({ node }, i) => Array.from({ length: 5 }, () => node.topicStatus(ids[i] as string))),
    )
    expect(ask.mock.calls.length - asked).toBe(AUTHORS)
    const receipts = all.flatMap(({ members }) => {
      const said = members.find(({ pastelId }) => pastelId === bob.node.pastelId)
      expect(said?.state).toBe('stored')
      return said?.receipt?.receipt === undefined ? [] : [readReceipt(said.receipt.receipt)]
    })
    rounds.push([...new Set(receipts.map(({ createdAtMs }) => createdAtMs))])
  }
  const times = [...new Set(rounds.flat())].sort((a, b) => a - b)
  const gaps = times.slice(1).map((time, i) => time - (times[i] as number))
  expect(times.length).toBeGreaterThanOrEqual(ROUNDS)
  for (const gap of gaps) expect(gap).toBeGreaterThan(950)
})

test('nothing is asked or told of a topic unless somebody wants to know, however many members it has', async () => {
  const ask = vi.spyOn(DirectRequester.prototype, 'ask')
  const make = vi.spyOn(ReceiptMaker.prototype, 'make')
  const heads = vi.spyOn(SyncRequester.prototype, 'heads')
  const first = await startNode({ identity: 'member-0' })
  const nodes = [first]
  for (let i = 1; i < MEMBERS; i += 1) {
    nodes.push(await startNode({ identity: `member-${i}`, bootstrap: [first.address] }))
  }
  for (const node of nodes.slice(1)) await hears(first, node)
  const ids = await publishAll(nodes, first)
  for (const node of nodes) await stores(node, MEMBERS)
  // The topic is at rest, and log sync looks at it several times.
  const looked = heads.mock.calls.length
  await waitUntil(() => heads.mock.calls.length >= looked + 5 * MEMBERS, { what: 'five looks of each' })
  expect(ask).not.toHaveBeenCalled()
  expect(make).not.toHaveBeenCalled()

  // Then one wants to know: one question a member, one receipt from each.
  const status = await first.node.topicStatus(ids[0] as string)
  expect([status.stored, status.members.length]).toEqual([MEMBERS - 1, MEMBERS - 1])
  expect(ask).toHaveBeenCalledTimes(MEMBERS - 1)
  expect(make.mock.calls.filter(([ranges]) => ranges.length > 0)).toHaveLength(MEMBERS - 1)
  // What is proved is not asked again.
  await first.node.topicStatus(ids[0] as string)
  expect(ask).toHaveBeenCalledTimes(MEMBERS - 1)
})
