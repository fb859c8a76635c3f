import { MAX_SYNC_DIRECT } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { chosen, firstHop } from '../src/gossip/first-hop.ts'
import { DirectSenders, directSenders } from '../src/sync/direct-senders.ts'
import { seededSigner } from './fixtures/testkit.ts'

const alice = seededSigner('alice').publicKey
const bob = seededSigner('bob').publicKey

test('a peer reaches whom it named last, and nothing is known of one that named nobody, or left', () => {
  const direct = new DirectSenders()
  expect(direct.reaches('peer', alice)).toBeUndefined()
  direct.told('peer', directSenders([alice]))
  expect([direct.reaches('peer', alice), direct.reaches('peer', bob)]).toEqual([true, false])
  direct.told('peer', directSenders([bob]))
  expect([direct.reaches('peer', alice), direct.reaches('peer', bob)]).toEqual([false, true])
  direct.forget('peer')
  expect(direct.reaches('peer', bob)).toBeUndefined()
})

test('a node names as many senders as a request may carry', () => {
  expect(directSenders(Array.from({ length: 300 }, () => alice))).toHaveLength(MAX_SYNC_DIRECT)
})

test('all that need it are chosen, and three of those of which nothing is known', () => {
  const mesh = new Set(Array.from({ length: 20 }, (_, i) => `${i}`))
  const reaches = (peer: string) => (Number(peer) < 5 ? true : Number(peer) < 10 ? false : undefined)
  const peers = [...chosen(firstHop(mesh, reaches))].map(Number)
  expect(peers.filter((peer) => peer < 5)).toEqual([])
  expect(peers.filter((peer) => peer >= 5 && peer < 10).sort()).toEqual([5, 6, 7, 8, 9])
  expect(peers.filter((peer) => peer >= 10)).toHaveLength(3)
})
