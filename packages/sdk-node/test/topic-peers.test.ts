import { describe, expect, test } from 'vitest'
import { startNode } from './fixtures/nodes.ts'

describe('waiting for peers of a topic', () => {
  test('ends when so many are there, and gives them', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((identity) => startNode({ identity, topics: ['a'] })),
    )
    if (one === undefined || two === undefined) throw new Error('no nodes')
    const waiting = one.node.waitForPeers('b')
    await two.node.connect(one.address)
    const there = { peerId: two.node.peerId, pastelId: two.node.pastelId }
    expect(await one.node.waitForPeers('a', { min: 1 })).toEqual([there])
    two.node.join('b')
    expect(await waiting).toEqual([there])
    expect(one.node.topicPeers('b')).toEqual([there])
    expect(await one.node.waitForPeers('c', { min: 0 })).toEqual([])
  })

  test('ends with the reason of its signal, and when the node stops', async () => {
    const { node } = await startNode({ identity: 'one', topics: ['a'] })
    const controller = new AbortController()
    const waiting = node.waitForPeers('a', { min: 2, signal: controller.signal })
    const other = node.waitForPeers('a')
    controller.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(node.waitForPeers('a', { signal: controller.signal })).rejects.toThrow('enough')
    const stopped = expect(other).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    await node.stop()
    await stopped
    await expect(node.waitForPeers('a')).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  })

  test('refuses what is no topic and no number', async () => {
    const { node } = await startNode({ identity: 'one' })
    await expect(node.waitForPeers('')).rejects.toMatchObject({ code: 'ERR_TOPIC_NAME' })
    await expect(node.waitForPeers('a', { min: 0.5 })).rejects.toMatchObject({ code: 'ERR_PEER_COUNT' })
    expect(() => node.topicPeers('/')).toThrow(expect.objectContaining({ code: 'ERR_TOPIC_NAME' }))
  })
})
