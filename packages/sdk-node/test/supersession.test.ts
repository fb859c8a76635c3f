import { expect, test } from 'vitest'
import { CERTIFICATE_PROTOCOL } from '../src/connection/certificate-frames.ts'
import { CertificateExchange, makeCertificate } from './fixtures/attackers.ts'
import { NETWORK } from './fixtures/inbound.ts'
import { connect, hears, numbered, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { startRawPeer } from './fixtures/raw-peers.ts'
import { messagesOf } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const publish = ({ node }: TestNode) => node.publish('test', { text: 'more' })

test('a superseded node is told with proof, publishes no more, and exports what nobody else holds', async () => {
  const [older, bob] = await Promise.all([startNode({ identity: 'alice' }), startNode({ identity: 'bob' })])
  const told: { peerId: string; unshared: number }[] = []
  older.node.addEventListener('superseded', ({ detail }) => told.push(detail))
  await connect(bob, older)
  await hears(bob, older)
  await older.node.publishMany('test', numbered(3, 'shared '))
  await stores(bob, 3)
  await waitUntil(async () => (await older.node.standing.countUnshared()) === 0, {
    what: 'bob to say what it holds',
  })
  // Nobody carries this topic.
  older.node.join('alone')
  // With a certificate that is newer than the other node's it would win again.
  await waitUntil(() => bob.node.peers().some(({ topics }) => topics.includes('alone')), {
    what: 'the certificate with the topic',
  })
  await older.node.publishMany('alone', numbered(3, 'alone '))

  const newer = await startNode({ identity: 'alice' })
  await connect(newer, bob)
  // If the last word was lost with the connection it hears it when it dials again, as a node with a bootstrap does.
  const dialAgain = () => older.node.connect(bob.address).catch(() => {})
  await waitUntil(
    async () => {
      if (told.length === 0 && older.node.peers().length === 0) await dialAgain()
      return told.length === 1
    },
    { what: 'the older node to notice' },
  )
  expect(told[0]).toMatchObject({ peerId: newer.node.peerId, unshared: 3 })
  const { superseded } = older.node.standing
  expect(superseded).toMatchObject({ peerId: newer.node.peerId })
  expect(superseded?.addresses).toContain(newer.address.replace(/\/p2p\/.*/, ''))
  await expect(publish(older)).rejects.toMatchObject({
    code: 'ERR_SUPERSEDED',
    message: expect.stringContaining(newer.node.peerId),
  })

  const exported = await messagesOf(older.node.unshared())
  expect(exported.map(({ body }) => Buffer.from(body).toString())).toEqual(['alone 0', 'alone 1', 'alone 2'])
  const [first] = exported
  const rest = await messagesOf(older.node.unshared({ from: first?.cursor as string, limit: 1 }))
  expect(rest.map(({ id }) => id)).toEqual([exported[1]?.id])

  // A new certificate would win again: it makes none, whatever changes.
  older.node.join('another')
  await expect(older.node.connect(bob.address)).rejects.toMatchObject({ code: 'ERR_NOT_CERTIFIED' })
  await publish(newer)
  expect(newer.node.standing.superseded).toBeUndefined()
}, 60_000)

test('a refusal stops nobody without a proof, and a proof that is forged or loses is none', async () => {
  const node = await startNode({ identity: 'alice' })
  const other = await startRawPeer()
  const make = (identity: string, serial: number, network = NETWORK) =>
    makeCertificate({ network, signer: seededSigner(identity), nodeKey: other.nodeKey, change: { serial } })
  const soon = Date.now() + 30_000
  const good = await make('alice', soon)
  const forged = Uint8Array.from(good)
  forged[5] = (forged[5] as number) ^ 1
  const proofs: [what: string, proof: Uint8Array | undefined][] = [
    ['none', undefined],
    ['another signature', forged],
    ['no certificate', new Uint8Array(200)],
    ['another PastelID', await make('mallory', soon)],
    ['a lower serial', await make('alice', soon - 3_600_000)],
    ['another network', await make('alice', soon, 'elsewhere')],
    ['a serial from the future', await make('alice', soon + 3_600_000)],
  ]
  const refuse = async (proof: Uint8Array | undefined) => {
    const peer = await ProtocolPeer.start('bob')
    await peer.handle(CERTIFICATE_PROTOCOL, async (stream) => {
      const exchange = new CertificateExchange(stream)
      await exchange.read()
      await exchange.write({ verdict: 'refused', reason: 'superseded', ...(proof && { proof }) })
    })
    await expect(node.node.connect(peer.address)).rejects.toThrow('superseded')
  }
  const refusals: string[] = []
  node.node.addEventListener('refused', ({ detail }) => refusals.push(`${detail.by} ${detail.reason}`))
  for (const [what, proof] of proofs) {
    await refuse(proof)
    expect(node.node.standing.superseded, what).toBeUndefined()
  }
  expect(refusals).toEqual(proofs.map(() => 'them superseded'))
  await publish(node)
  await refuse(good)
  await waitUntil(() => node.node.standing.superseded !== undefined, { what: 'the proof to be seen' })
  expect(node.node.standing.superseded?.serial).toBe(soon)
  await expect(publish(node)).rejects.toMatchObject({ code: 'ERR_SUPERSEDED' })
})

test('a node that meets the other one with its PastelID sees it, and is still read by it', async () => {
  const older = await startNode({ identity: 'alice' })
  await publish(older)
  const newer = await startNode({ identity: 'alice' })
  await connect(older, newer)
  await waitUntil(() => older.node.standing.superseded !== undefined, { what: 'the older node to notice' })
  expect(newer.node.standing.superseded).toBeUndefined()
  await stores(newer, 1)
})
