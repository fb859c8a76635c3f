import type { PastelId } from '@pastel-mesh/identity'
import { describe, expect, test } from 'vitest'
import { Relay } from '../src/relay.ts'
import { connect, numbered, startNode, stores } from './fixtures/nodes.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

describe('a relay', () => {
  test('lets nodes that meet only there exchange a topic that nobody told it of', async () => {
    const relay = await startNode({ identity: 'relay', topics: [], relay: true })
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map((identity) => startNode({ identity, topics: ['eu/prices'] })),
    )
    if (alice === undefined || bob === undefined) throw new Error('no nodes')
    await connect(alice, relay)
    await alice.node.publishMany('eu/prices', numbered(3, 'early '))
    await connect(bob, relay)
    expect(await stores(bob, 3, 'eu/prices')).toEqual(['early 0', 'early 1', 'early 2'])
    await bob.node.publish('eu/prices', { text: 'back' })
    expect((await stores(alice, 4, 'eu/prices')).at(-1)).toBe('back')
    expect(alice.node.peers()).toHaveLength(1)
    expect(relay.node.topics).toEqual(['eu/prices'])
  })

  test('learns of topics that its peers join later, through another relay, too', async () => {
    const [near, far] = await Promise.all([
      startNode({ identity: 'near', topics: [], relay: true }),
      startNode({ identity: 'far', topics: [], relay: true }),
    ])
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map((identity) => startNode({ identity, topics: [] })),
    )
    if (alice === undefined || bob === undefined) throw new Error('no nodes')
    await connect(alice, near)
    await connect(near, far)
    await connect(bob, far)
    for (const topic of ['a', 'b', 'c']) alice.node.join(topic)
    bob.node.join('c')
    await alice.node.publish('c', { text: 'far away' })
    expect(await stores(bob, 1, 'c')).toEqual(['far away'])
    await waitUntil(() => far.node.topics.length === 3, { what: 'the other topics' })
  })

  test('that is none carries only what it was told', async () => {
    const [alice, bob] = await Promise.all(
      ['alice', 'bob'].map((identity) => startNode({ identity, topics: [identity] })),
    )
    if (alice === undefined || bob === undefined) throw new Error('no nodes')
    await connect(alice, bob)
    bob.node.join('later')
    await waitUntil(() => alice.node.peers()[0]?.topics.includes('later'), { what: 'the new certificate' })
    expect(alice.node.topics).toEqual(['alice'])
    bob.node.leave('later')
    await waitUntil(() => alice.node.peers()[0]?.topics.length === 1, { what: 'the next certificate' })
  })
})

test('relays do not keep each other carrying what nobody announces any more', async () => {
  const [near, far] = await Promise.all([
    startNode({ identity: 'near', topics: ['own'], relay: true }),
    startNode({ identity: 'far', topics: [], relay: true }),
  ])
  const alice = await startNode({ identity: 'alice', topics: [] })
  await connect(alice, near)
  await connect(near, far)
  const relays = [near.node, far.node]
  alice.node.join('dead')
  await waitUntil(() => relays.every(({ topics }) => topics.includes('dead')), {
    what: 'the topic to be carried',
  })
  // Its certificate is made anew while it carries the topic, and tells what it wants itself.
  near.node.join('more')
  await waitUntil(() => far.node.peers()[0]?.topics.includes('more'), { what: 'the new certificate' })
  expect(far.node.peers()[0]?.topics).toEqual(['own', 'more'])
  expect(far.node.topics.toSorted()).toEqual(['dead', 'more', 'own'])
  alice.node.leave('dead')
  for (const topic of numberedTopics(32)) alice.node.join(topic)
  await waitUntil(() => relays.every(({ topics }) => topics.includes('topic31')), { what: 'room to be made' })
  for (const { topics } of relays) expect(topics).toHaveLength(34)
  expect(near.node.topics).not.toContain('dead')
  expect(far.node.topics).not.toContain('dead')
})

const numberedTopics = (count: number, prefix = 'topic') =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`)

describe('the bound', () => {
  const [alice, bob] = ['alice', 'bob'].map((name) => seededSigner(name).pastelId) as [PastelId, PastelId]

  function make({ own = [] as string[] } = {}) {
    const topics = new Set(own)
    const announced = new Map<PastelId, readonly string[]>()
    const full: (string | undefined)[][] = []
    const relay = new Relay({
      topics: () => [...topics],
      join: (topic) => topics.add(topic),
      leave: (topic) => topics.delete(topic),
      announced: () => [...announced].map(([pastelId, names]) => ({ pastelId, topics: names })),
      onFull: (...what) => full.push(what),
    })
    const announce = (names: readonly string[], pastelId: PastelId = alice) => {
      announced.set(pastelId, names)
      relay.carry({ pastelId, topics: names })
    }
    /** Each of 32 topics. */
    const fill = (members: number) => {
      for (let i = 0; i < members; i += 1) announce(numberedTopics(32, `of${i} `), `jX${i}` as PastelId)
    }
    return { relay, topics, announced, full, announce, fill }
  }

  test('is kept, and said once', () => {
    const { topics, full, announce, fill } = make({ own: ['own'] })
    fill(8)
    announce(numberedTopics(32), bob)
    expect(topics.size).toBe(256)
    expect(topics.has('own')).toBe(true)
    expect(full).toEqual([['of7 31']])
  })

  test('is a share of that for each who announces topics, and said once of each', () => {
    const { topics, full, announce } = make()
    announce(numberedTopics(256))
    announce([...numberedTopics(256), 'one more'])
    expect(topics.size).toBe(32)
    expect(full).toEqual([['topic32', alice]])
    announce(numberedTopics(40), bob)
    expect(topics.size).toBe(40)
    announce(numberedTopics(32, 'other'))
    expect(topics.size).toBe(32 + 40)
    announce(numberedTopics(33, 'third'))
    expect(full.slice(1)).toEqual([['third32', alice]])
  })

  test('makes room of what nobody announces any more, never of what the node itself wants', () => {
    const { relay, topics, announced, full, announce, fill } = make({ own: ['own'] })
    fill(7)
    announce(numberedTopics(31))
    relay.release('topic0')
    announced.clear()
    announced.set(bob, ['topic1'])
    announce(numberedTopics(2, 'new'))
    expect([...topics].toSorted()).toEqual(['new0', 'new1', 'own', 'topic0', 'topic1'])
    expect(full).toEqual([])
  })
})
