import { describe, expect, test } from 'vitest'
import { Relay } from '../src/relay.ts'
import { connect, numbered, startNode, stores } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

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

describe('the bound', () => {
  const numberedTopics = (count: number, prefix = 'topic') =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`)

  function make({ own = [] as string[] } = {}) {
    const topics = new Set(own)
    const announced = new Set<string>()
    const full: string[] = []
    const relay = new Relay({
      topics: () => [...topics],
      join: (topic) => topics.add(topic),
      leave: (topic) => topics.delete(topic),
      announced: () => announced,
      onFull: (topic) => full.push(topic),
    })
    const announce = (names: string[]) => {
      for (const name of names) announced.add(name)
      relay.carry(names)
    }
    return { relay, topics, announced, full, announce }
  }

  test('is kept, and said once', () => {
    const { topics, full, announce } = make({ own: ['own'] })
    announce(numberedTopics(256))
    announce(numberedTopics(256, 'more'))
    expect(topics.size).toBe(256)
    expect(topics.has('own')).toBe(true)
    expect(full).toEqual(['topic255'])
  })

  test('makes room of what nobody announces any more, never of what the node itself wants', () => {
    const { relay, topics, announced, full, announce } = make({ own: ['own'] })
    announce(numberedTopics(255))
    relay.release('topic0')
    announced.clear()
    announced.add('topic1')
    announce(['new'])
    expect([...topics].toSorted()).toEqual(['new', 'own', 'topic0', 'topic1'])
    expect(full).toEqual([])
  })
})
