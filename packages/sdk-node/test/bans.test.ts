import { expect, onTestFinished, test, vi } from 'vitest'
import { type Ban, MAX_BANS } from '../src/connection/bans.ts'
import { connect, hears, startNode, stores, type TestNode } from './fixtures/nodes.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const start = (...identities: string[]) =>
  Promise.all(identities.map((identity) => startNode({ identity }))) as Promise<[TestNode, ...TestNode[]]>

async function pair(): Promise<[alice: TestNode, bob: TestNode]> {
  const [alice, bob] = await start('alice', 'bob')
  await connect(alice, bob as TestNode)
  return [alice, bob as TestNode]
}

const NAMES = {
  pastelid: ({ node }: TestNode) => node.pastelId,
  peer: ({ node }: TestNode) => node.peerId,
  address: () => '127.0.0.1',
} as const

test.each([
  ['pastelid', 'ERR_NOT_CERTIFIED', 'ERR_NOT_CERTIFIED'],
  ['peer', 'ERR_BANNED', 'ERR_NOT_CERTIFIED'],
  ['address', 'ERR_BANNED', 'ERR_DIAL'],
] as const)(
  'a ban by %s cuts the connection at once, and none is made in either direction until it ends',
  async (kind, outward, inward) => {
    const [alice, bob] = await pair()
    const target = NAMES[kind](bob)
    expect(await alice.node.bans.ban(target, { reason: 'a flood' })).toMatchObject({
      kind,
      target,
      reason: 'a flood',
      connections: 1,
      isChanged: false,
    })
    expect(alice.node.peers()).toEqual([])
    await waitUntil(() => bob.node.peers().length === 0, { what: 'the other end to be cut' })
    await expect(alice.node.connect(bob.address)).rejects.toMatchObject({ code: outward })
    await expect(bob.node.connect(alice.address)).rejects.toMatchObject({
      code: expect.stringMatching(`^(${inward}|ERR_DIAL)$`),
    })
    expect([...alice.node.peers(), ...bob.node.peers()]).toEqual([])
    await alice.node.bans.unban(target)
    expect(alice.node.bans.list()).toEqual([])
    await connect(bob, alice)
  },
)

test('a ban by PastelID is told to who comes; one asked to be connected to by it is refused before a dial', async () => {
  const [alice, bob] = await pair()
  await alice.node.bans.ban(bob.node.pastelId)
  await expect(alice.node.connect(bob.node.pastelId)).rejects.toMatchObject({ code: 'ERR_BANNED' })
  await waitUntil(() => bob.node.peers().length === 0, { what: 'the other end to be cut' })
  await expect(bob.node.connect(alice.address)).rejects.toMatchObject({
    code: 'ERR_NOT_CERTIFIED',
    refusal: { by: 'them', reason: 'denied' },
  })
})

test('a name that leads to a banned address is not dialled', async () => {
  const [alice, bob] = await start('alice', 'bob')
  const [, port] = /\/tcp\/(\d+)/.exec((bob as TestNode).address) ?? []
  const name = `/dns4/localhost/tcp/${port}`
  expect(await alice.node.connect(name)).toMatchObject({ pastelId: bob?.node.pastelId })
  expect(await alice.node.bans.ban('::ffff:127.0.0.1')).toMatchObject({ connections: 1 })
  expect(alice.node.bans.list()).toMatchObject([{ target: '127.0.0.1' }])
  await expect(alice.node.connect(name)).rejects.toMatchObject({ code: 'ERR_DIAL' })
  expect(alice.node.peers()).toEqual([])
})

test('bans survive a restart; one ends by the clock, and who is kept connected to comes back by itself', async () => {
  const bob = await startNode({ identity: 'bob' })
  const first = await startNode({ identity: 'alice' })
  const carol = seededSigner('carol').pastelId
  await first.node.bans.ban(carol)
  const untilMs = Date.now() + 2_500
  await first.node.bans.ban(bob.node.pastelId, { untilMs })
  await first.stop()

  const alice = await startNode({ identity: 'alice', directory: first.directory, bootstrap: [bob.address] })
  const isFull = (bans: Ban[]) => bans.map(({ target }) => target).sort()
  expect(isFull(alice.node.bans.list())).toEqual([carol, bob.node.pastelId].sort())
  const comes = await waitUntil(() => alice.node.peers().length === 1 && Date.now(), {
    what: 'the banned one to be connected when the ban is over',
  })
  expect(comes).toBeGreaterThanOrEqual(untilMs)
  expect(alice.node.bans.list()).toMatchObject([{ target: carol }])
})

test('what others forward of a member that is banned is taken; from itself nothing is', async () => {
  const [alice, bob, carol] = (await start('alice', 'bob', 'carol')) as [TestNode, TestNode, TestNode]
  await connect(alice, bob)
  await connect(alice, carol)
  await alice.node.bans.ban(bob.node.pastelId)
  await bob.node.publish('test', { text: 'to nobody' })
  await connect(bob, carol)
  await hears(bob, carol)
  await bob.node.publish('test', { text: 'through carol' })
  expect(await stores(alice, 2)).toEqual(['to nobody', 'through carol'])
  expect(alice.node.peers()).toMatchObject([{ pastelId: carol.node.pastelId }])
})

test.each([
  ['what is nobody', () => 'nonsense', 'ERR_BAN_TARGET'],
  ['an address with a port', () => '192.0.2.1:7124', 'ERR_BAN_TARGET'],
  ['itself by its PastelID', ({ node }: TestNode) => node.pastelId, 'ERR_OWN_BAN'],
  ['itself by its PeerId', ({ node }: TestNode) => node.peerId, 'ERR_OWN_BAN'],
])('%s cannot be banned', async (_, target, code) => {
  const [alice] = await start('alice')
  await expect(alice.node.bans.ban(target(alice))).rejects.toMatchObject({ code })
  await expect(alice.node.bans.ban('192.0.2.1', { untilMs: Date.now() })).rejects.toMatchObject({
    code: 'ERR_BAN_TIME',
  })
  await expect(alice.node.bans.unban('192.0.2.1')).rejects.toMatchObject({ code: 'ERR_UNKNOWN_BAN' })
  expect(alice.node.bans.list()).toEqual([])
})

test('bans are listed the newest first, also those of one millisecond', async () => {
  const [{ node }] = await start('alice')
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
  onTestFinished(() => now.mockRestore())
  for (const target of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.1']) await node.bans.ban(target)
  expect(node.bans.list().map(({ target }) => target)).toEqual(['192.0.2.1', '192.0.2.3', '192.0.2.2'])
})

test('bans are bounded; those that are over make room', async () => {
  const [{ node }] = await start('alice')
  const soon = Date.now() + 1_500
  await node.bans.ban('2001:DB8:0::1', { untilMs: soon })
  await Promise.all(
    Array.from({ length: MAX_BANS - 1 }, (_, i) => node.bans.ban(`10.0.${i >> 8}.${i & 255}`)),
  )
  const oneMore = () => node.bans.ban('192.0.2.1').catch((error) => error)
  if (Date.now() < soon) expect(node.bans.list().at(-1)?.target).toBe('2001:db8::1')
  // One that is there can be changed.
  expect(await node.bans.ban('10.0.0.1', { reason: 'another' })).toMatchObject({ isChanged: true })
  await waitUntil(async () => (await oneMore()).target === '192.0.2.1', { what: 'a ban to be over' })
  expect(await node.bans.ban('192.0.2.2').catch((error) => error)).toMatchObject({
    code: 'ERR_TOO_MANY_BANS',
  })
})
