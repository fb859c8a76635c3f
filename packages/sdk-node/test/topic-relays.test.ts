import type { PastelId } from '@pastel-mesh/identity'
import type { Certificate } from '@pastel-mesh/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { AddressBook } from '../src/connection/address-book.ts'
import { TopicConnections } from '../src/connection/topic-connections.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const key = (first: number) => new Uint8Array(32).fill(first)

/** The lowest key dials at once. */
const certificateOf = (name: string, topics: string[], roles: string[]): Certificate => ({
  network: 'test',
  subject: seededSigner(name).publicKey,
  nodeKey: key(9),
  addresses: [new Uint8Array(8)],
  topics,
  roles,
  sealingKey: new Uint8Array(0),
  mailboxes: [],
  serial: 1,
  notBeforeMs: 1,
  notAfterMs: Number.MAX_SAFE_INTEGER,
})

/** Which of some nodes a node of the topic `prices` connects to, one after the other, whom it is connected to aside. */
function connectionsMade(known: Record<string, Certificate>): PastelId[] {
  const book = new AddressBook()
  for (const [name, certificate] of Object.entries(known)) {
    book.learn(seededSigner(name).pastelId, certificate, new Uint8Array(1))
  }
  const peers = [0, 1, 2].map((i) => ({
    pastelId: `jX${i}` as PastelId,
    certificate: certificateOf(`other ${i}`, [], []),
  }))
  const made: PastelId[] = []
  const connections = new TopicConnections({
    book,
    topics: () => ['prices'],
    peers: () => peers,
    connectTo: async (certificate) => {
      const pastelId = seededSigner(
        Object.keys(known).find((name) => known[name] === certificate) as string,
      ).pastelId
      peers.push({ pastelId, certificate })
      made.push(pastelId)
    },
    isLeftAlone: () => false,
    nodeKey: key(0),
  })
  connections.start()
  onTestFinished(() => connections.stop())
  return made
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

test('a relay carries any topic: who knows nobody else of a topic connects to three of them', async () => {
  const relays = names('relay', 5).map((name) => [name, certificateOf(name, [], ['relay'])] as const)
  const others = names('elsewhere', 5).map((name) => [name, certificateOf(name, ['weather'], [])] as const)
  const made = connectionsMade(Object.fromEntries([...relays, ...others]))
  await waitUntil(() => made.length === 3, { what: 'three relays to be connected to' })
  const expected = relays.map(([name]) => seededSigner(name).pastelId)
  for (const pastelId of made) expect(expected).toContain(pastelId)
})

test('who announces a topic comes first: with six of them no relay is connected to', async () => {
  const relays = names('relay', 5).map((name) => [name, certificateOf(name, [], ['relay'])] as const)
  const members = names('member', 8).map((name) => [name, certificateOf(name, ['prices'], [])] as const)
  const made = connectionsMade(Object.fromEntries([...relays, ...members]))
  await waitUntil(() => made.length === 6, { what: 'six connections' })
  const expected = members.map(([name]) => seededSigner(name).pastelId)
  for (const pastelId of made) expect(expected).toContain(pastelId)
})
