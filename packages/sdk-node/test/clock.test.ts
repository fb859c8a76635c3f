import { expect, test } from 'vitest'
import { CERTIFICATE_PROTOCOL } from '../src/connection/certificate-frames.ts'
import type { ClockStatus } from '../src/index.ts'
import { CertificateExchange } from './fixtures/attackers.ts'
import { connect, startNode, type TestNode } from './fixtures/nodes.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { certificateFor, startRawPeer } from './fixtures/raw-peers.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

/** A member whose clock is ahead shows its certificate. @returns what the node answers */
async function present(node: TestNode, identity: string, clockOffsetMs: number, ageMs = 0) {
  const peer = await startRawPeer()
  const at = Date.now() + clockOffsetMs - ageMs
  const certificate = await certificateFor(peer, identity, { serial: at, notBeforeMs: at - 60_000 })
  const exchange = await CertificateExchange.open(await peer.dial(node.address))
  exchange.clockOffsetMs = clockOffsetMs
  return exchange.present(certificate)
}

test('a node whose clock differs from its peers refuses to publish, says so, and goes on when it agrees', async () => {
  const node = await startNode({ identity: 'alice' })
  const told: ClockStatus[] = []
  node.node.addEventListener('clock', ({ detail }) => told.push(detail))
  const publish = () => node.node.publish('test', { text: 'hello' })

  await present(node, 'bob', 60_000)
  await waitUntil(() => told.length === 1, { what: 'the operator to be told' })
  expect(told[0]).toMatchObject({ state: 'doubtful', peers: 1 })
  await publish()

  // So far ahead that its certificate is refused: the clock of this node may be the one that is wrong.
  const refusal = await present(node, 'carol', 300_000)
  expect(refusal).toMatchObject({ verdict: 'refused', reason: 'from-the-future' })
  expect(refusal.certificate).toBeDefined()
  expect(Math.abs(refusal.timeMs - Date.now())).toBeLessThan(30_000)
  await waitUntil(() => told.length === 2, { what: 'the operator to be told' })
  expect(told[1]).toMatchObject({ state: 'wrong', peers: 2 })
  expect(node.node.standing.clock.offsetMs).toBeLessThan(-55_000)
  await expect(publish()).rejects.toMatchObject({
    code: 'ERR_CLOCK',
    message: expect.stringContaining('NTP'),
  })

  const [dave, erin] = await Promise.all(['dave', 'erin'].map((identity) => startNode({ identity })))
  for (const other of [dave, erin]) await connect(other as TestNode, node)
  await waitUntil(() => told.length === 3, { what: 'the operator to be told' })
  expect(told[2]).toMatchObject({ state: 'ok', peers: 4 })
  await publish()
})

test('a node learns that its clock is wrong from those who refuse it for that', async () => {
  const node = await startNode({ identity: 'alice' })
  for (const [i, identity] of ['bob', 'carol'].entries()) {
    const peer = await ProtocolPeer.start(identity)
    await peer.handle(CERTIFICATE_PROTOCOL, async (stream) => {
      const exchange = new CertificateExchange(stream)
      exchange.clockOffsetMs = -300_000
      await exchange.read()
      const certificate = await certificateFor(peer, identity, { serial: Date.now() - 300_000 })
      await exchange.write({ certificate, verdict: 'refused', reason: 'from-the-future' })
    })
    await expect(node.node.connect(peer.address)).rejects.toMatchObject({ code: 'ERR_NOT_CERTIFIED' })
    await waitUntil(() => node.node.standing.clock.peers === i + 1, { what: 'the clock to be compared' })
  }
  expect(node.node.standing.clock.state).toBe('wrong')
  await expect(node.node.publish('test', { text: 'hello' })).rejects.toThrow('300 s ahead of')
})

test('the clock is compared with log sync too, and with nobody who is no member', async () => {
  const { pastelId } = seededSigner('mallory')
  const member = { start: async () => {}, stop: async () => {} }
  const registry = {
    ...member,
    memberAt: (id: typeof pastelId) => (id === pastelId ? undefined : { pastelId: id, role: 'member' }),
  }
  const [node, honest] = await Promise.all([
    startNode({ identity: 'alice', registry, syncIntervalMs: 50 }),
    startNode({ identity: 'bob' }),
  ])
  expect((await present(node, 'mallory', 0)).reason).toBe('not-a-member')
  expect(node.node.standing.clock.peers).toBe(0)
  await connect(honest, node)
  await waitUntil(() => node.node.standing.clock.peers === 1, { what: 'the clock to be compared' })
})
