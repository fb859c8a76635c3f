import { textOf } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey } from '../src/index.ts'
import { inboxOf, inTime } from './fixtures/inbox.ts'
import { startNode, type TestNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** Half of them away: 20 in the full form. */
const MEMBERS = process.env.PMESH_TEST_FULL === undefined ? 8 : 20

const nameOf = (i: number) => `member-${i}`

test('messages to half of the members, who are away, come to them when their sender is gone for good', async () => {
  const keys = await Promise.all(Array.from({ length: MEMBERS }, () => generateNodeKey()))
  const start = (i: number, bootstrap: string[], directory?: string) =>
    startNode({
      identity: nameOf(i),
      nodeKey: keys[i] as (typeof keys)[0],
      topics: [],
      discover: true,
      bootstrap,
      ...(directory === undefined ? {} : { directory }),
    })
  const first = await start(0, [])
  const nodes: TestNode[] = [first]
  for (let i = 1; i < MEMBERS; i += 1) nodes.push(await start(i, [first.address]))
  await waitUntil(() => nodes.every(({ node }) => node.knownNodes().length === MEMBERS - 1), {
    what: 'all to know each other',
    timeoutMs: 60_000,
  })
  const away = nodes.slice(MEMBERS / 2)
  for (const node of away) await node.stop()

  const sender = nodes[1] as TestNode
  const recipients = away.map(({ node }) => node.pastelId)
  const sent = await sender.node.send(recipients, { text: 'while you were away' })
  const stay = nodes.slice(0, MEMBERS / 2).filter((node) => node !== sender)
  await waitUntil(
    async () => {
      const states = await Promise.all(sent.map(({ id }) => sender.node.status(id)))
      return states.every(({ mailboxes }) => mailboxes.length >= Math.min(3, stay.length))
    },
    { what: 'every message to be left with mailboxes', timeoutMs: 60_000 },
  )
  await sender.stop()

  for (const [i, { directory }] of away.entries()) {
    const back = await start(MEMBERS / 2 + i, [first.address], directory)
    expect((await inboxOf(back.node, 1)).map(textOf)).toEqual(['while you were away'])
  }
  const again = await start(1, [first.address], sender.directory)
  for (const { id } of sent) {
    expect((await again.node.waitForDelivery(id, inTime(60_000))).state).toBe('delivered')
  }
}, 240_000)
