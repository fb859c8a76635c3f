import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  assertNetworkName,
  assertTopicName,
  gossipTopic,
  isNetworkName,
  isRoleName,
  isTopicName,
  MAX_CHANNEL_BYTES,
  parseChannel,
  topicChannel,
} from '../src/index.ts'
import { channel, networkName, pastelId, topicName } from './arbitraries.ts'
import { expectProtocolError } from './expect-protocol-error.ts'

const badNetworks = ['', '-', '-a', 'a-', 'A', 'a_b', 'a.b', 'a/b', ' a', 'a ', 'a\n', 'é', 'a'.repeat(33)]
const badTopics = [
  '',
  'a//b',
  'a/',
  'a/../b',
  'a/.b',
  '.',
  '/a',
  '-a',
  '_a',
  'a b',
  'a\n',
  'a\0',
  'é',
  'a+b',
  'a#',
  '$a',
  'a'.repeat(101),
]

describe('a network name', () => {
  test.each(['a', '0', 'main', 'test-net-1', 'a--b', 'a'.repeat(32)])('may be %j', (name) => {
    expect(isNetworkName(name)).toBe(true)
    expect(() => assertNetworkName(name)).not.toThrow()
  })

  test.each(badNetworks)('may not be %j', async (name) => {
    expect(isNetworkName(name)).toBe(false)
    await expectProtocolError(() => assertNetworkName(name), 'ERR_NETWORK_NAME')
  })
})

describe('a role name', () => {
  test('is spelt like a network name', () => {
    expect(['relay', 'mailbox-1', 'a'.repeat(32)].every(isRoleName)).toBe(true)
    expect(badNetworks.some(isRoleName)).toBe(false)
  })
})

describe('a topic name', () => {
  test.each(['a', '0', 'Prices', 'a/b.c_d-e', 'a'.repeat(100)])('may be %j', (name) => {
    expect(isTopicName(name)).toBe(true)
    expect(topicChannel(name)).toBe(`topic/${name}`)
  })

  test.each(badTopics)('may not be %j', async (name) => {
    expect(isTopicName(name)).toBe(false)
    await expectProtocolError(() => assertTopicName(name), 'ERR_TOPIC_NAME')
    await expectProtocolError(() => topicChannel(name), 'ERR_TOPIC_NAME')
    await expectProtocolError(() => gossipTopic('a', name), 'ERR_TOPIC_NAME')
  })
})

describe('a channel name', () => {
  test('says which topic or whose inbox it is', () => {
    fc.assert(
      fc.property(topicName, pastelId, (topic, recipient) => {
        expect(parseChannel(topicChannel(topic))).toEqual({ kind: 'topic', topic })
        expect(parseChannel(`inbox/${recipient}`)).toEqual({ kind: 'inbox', recipient })
      }),
    )
  })

  test('is at most as long as the constant says', () => {
    fc.assert(fc.property(channel, (name) => name.length <= MAX_CHANNEL_BYTES))
    expect(topicChannel('a'.repeat(100)).length).toBe(MAX_CHANNEL_BYTES)
  })

  test.each(['', 'topic', 'topic/', 'inbox/', 'Topic/a', 'topic//a', ' topic/a', 'a', 'toString'])(
    'may not be %j',
    async (name) => {
      await expectProtocolError(() => parseChannel(name), 'ERR_CHANNEL_NAME')
    },
  )

  test.each(badTopics)('may not be the topic %j', async (topic) => {
    await expectProtocolError(() => parseChannel(`topic/${topic}`), 'ERR_CHANNEL_NAME')
  })

  test('may not spell a PastelID in another way', async () => {
    await fc.assert(
      fc.asyncProperty(pastelId, async (id) => {
        for (const other of [id.toLowerCase(), `1${id}`, `${id} `, id.slice(1), id.slice(0, -1)]) {
          if (other !== id)
            await expectProtocolError(() => parseChannel(`inbox/${other}`), 'ERR_CHANNEL_NAME')
        }
      }),
    )
  })
})

describe('a gossip topic', () => {
  test('is made of version, network and topic', () => {
    expect(gossipTopic('main', 'prices/btc')).toBe('/pastel-mesh/1/main/topic/prices/btc')
  })

  test('is another for every other network and topic', () => {
    fc.assert(
      fc.property(networkName, topicName, networkName, topicName, (network, topic, network2, topic2) => {
        const same = network === network2 && topic === topic2
        expect(gossipTopic(network, topic) === gossipTopic(network2, topic2)).toBe(same)
      }),
    )
  })

  test.each(badNetworks)('is not made for the network %j', async (network) => {
    await expectProtocolError(() => gossipTopic(network, 'a'), 'ERR_NETWORK_NAME')
  })
})
