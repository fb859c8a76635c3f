import { openCertificate, readReceipt, verifyReceipt } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { generateNodeKey, type TopicStatus } from '../src/index.ts'
import { connect, hears, numbered, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

/** By name: what each member says. */
function said({ members }: TopicStatus, ...names: string[]): (string | undefined)[] {
  return names.map((name) => {
    const member = members.find(({ pastelId }) => pastelId === seededSigner(name).pastelId)
    return member?.reason === undefined ? member?.state : `${member.state}: ${member.reason}`
  })
}

async function knows({ node }: TestNode, names: readonly string[]): Promise<void> {
  const ids = names.map((name) => seededSigner(name).pastelId)
  await waitUntil(() => ids.every((id) => node.knownNodes().some(({ pastelId }) => pastelId === id)), {
    what: 'the members to be known',
  })
}

test('a message to a topic is stored by k of the n members that announce it; who is away is not known', async () => {
  const keys = { alice: await generateNodeKey(), carol: await generateNodeKey() }
  const alice = await startNode({ identity: 'alice', nodeKey: keys.alice })
  const bob = await startNode({ identity: 'bob' })
  const carol = await startNode({ identity: 'carol', nodeKey: keys.carol })
  const other = await startNode({ identity: 'other', topics: ['another'] })
  for (const peer of [bob, carol, other]) await connect(peer, alice)
  await hears(alice, bob)
  await carol.stop()
  await waitUntil(() => alice.node.peers().length === 2, { what: 'carol to be gone' })

  const published = await alice.node.publishMany('test', numbered(20))
  const { id } = published.at(-1) as { id: string }
  await stores(bob, 20)
  const status = await alice.node.topicStatus(id)
  expect(status).toMatchObject({ id, topic: 'test', stored: 1 })
  expect(status.members).toHaveLength(2)
  expect(said(status, 'bob', 'carol')).toEqual(['stored', 'unknown: not-connected'])

  // It is signed, by the node key that bob's certificate names.
  const proof = status.members.find(({ state }) => state === 'stored')?.receipt
  const receipt = readReceipt(proof?.receipt as Uint8Array)
  await verifyReceipt(proof?.receipt as Uint8Array, receipt)
  const certificate = await openCertificate(proof?.certificate as Uint8Array)
  expect(certificate.nodeKey).toEqual(receipt.nodeKey)
  expect(certificate.subject).toEqual(seededSigner('bob').publicKey)
  expect(receipt.ranges).toMatchObject([{ last: 19, outcome: 'entered' }])

  const back = await startNode({ identity: 'carol', nodeKey: keys.carol, directory: carol.directory })
  await connect(back, alice)
  await stores(back, 20)
  expect(said(await alice.node.topicStatus(id), 'bob', 'carol')).toEqual(['stored', 'stored'])

  // What was proved is kept: nobody need be there.
  await back.stop()
  await bob.stop()
  await alice.stop()
  const again = await startNode({ identity: 'alice', nodeKey: keys.alice, directory: alice.directory })
  await knows(again, ['bob', 'carol'])
  expect(again.node.peers()).toEqual([])
  expect((await again.node.topicStatus(id)).stored).toBe(2)
})

test('what a member has removed or went on without is no longer stored there, and it says so', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await hears(alice, bob)
  const { id: first } = (await alice.node.publishMany('test', numbered(3)))[0] as { id: string }
  await stores(bob, 3)
  const { id: last } = await alice.node.publish('test', { text: 'later' })
  await waitUntil(async () => (await bob.store.findMessage(last)) !== undefined, { what: 'it at bob' })
  await bob.store.prune({
    receivedBeforeMs: Number.POSITIVE_INFINITY,
    maxBytes: 1e12,
    own: seededSigner('bob').publicKey,
  })
  expect(said(await alice.node.topicStatus(first), 'bob')).toEqual(['rejected: pruned'])
  expect(said(await alice.node.topicStatus(last), 'bob')).toEqual(['stored'])

  const late = await startNode({ identity: 'late', historyMs: 1 })
  await connect(late, alice)
  await hears(late, alice)
  const { id: next } = await alice.node.publish('test', { text: 'with late' })
  await waitUntil(async () => (await late.store.findMessage(next)) !== undefined, { what: 'it at late' })
  expect(said(await alice.node.topicStatus(next), 'late')).toEqual(['stored'])
  expect(said(await alice.node.topicStatus(first), 'late')).toEqual(['lost'])
})

test('only messages of this node to topics have such a status', async () => {
  const alice = await startNode({ identity: 'alice' })
  const bob = await startNode({ identity: 'bob' })
  await connect(alice, bob)
  await hears(alice, bob)
  const { id } = await bob.node.publish('test', { text: 'of bob' })
  await stores(alice, 1)
  const direct = await alice.node.send(bob.node.pastelId, { text: 'x' })
  for (const [wrong, code] of [
    [id, 'ERR_NOT_OWN_MESSAGE'],
    [direct.id, 'ERR_NO_TOPIC'],
    [`${'a'.repeat(26)}-0`, 'ERR_UNKNOWN_MESSAGE'],
    ['x', 'ERR_MESSAGE_ID'],
  ] as const) {
    await expect(alice.node.topicStatus(wrong)).rejects.toMatchObject({ code })
  }
  await expect(bob.node.status(id)).rejects.toMatchObject({ code: 'ERR_NO_RECIPIENT' })
})
