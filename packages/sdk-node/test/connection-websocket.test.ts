import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { connect, hears, numbered, startNode, stores } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

const TCP = '/ip4/127.0.0.1/tcp/0'
const WS = '/ip4/127.0.0.1/tcp/0/ws'

test('nodes on WebSockets and nodes on TCP exchange everything, one that listens on both between them', async () => {
  const [both, tcp, ws] = await Promise.all([
    startNode({ identity: 'both', listen: [TCP, WS] }),
    startNode({ identity: 'tcp', listen: [TCP] }),
    startNode({ identity: 'ws', listen: [WS] }),
  ])
  const [tcpAddress = '', wsAddress = ''] = both.node.addresses()
  expect(tcpAddress).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
  expect(wsAddress).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/ws\/p2p\//)
  await tcp.node.publishMany('test', numbered(20, 'before '))
  await tcp.node.connect(tcpAddress)
  await ws.node.connect(wsAddress)
  expect(ws.node.peers()).toMatchObject([{ pastelId: both.node.pastelId, address: wsAddress }])
  await Promise.all([hears(both, tcp), hears(both, ws)])
  for (const [name, { node }] of Object.entries({ both, tcp, ws })) {
    await node.publishMany('test', numbered(20, `${name} `))
  }
  const texts = await Promise.all([both, tcp, ws].map((node) => stores(node, 80)))
  const [first = []] = texts
  for (const other of texts) expect(other.toSorted()).toEqual(first.toSorted())
  expect([...both.errors, ...tcp.errors, ...ws.errors]).toEqual([])
})

test('messages of the largest size pass a WebSocket', async () => {
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((identity) => startNode({ identity, listen: [WS] })),
  )
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await connect(alice, bob)
  await hears(alice, bob)
  const texts = Array.from({ length: 40 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(256 * 1024))
  await alice.node.publishMany(
    'test',
    texts.map((text) => ({ text })),
  )
  expect(await stores(bob, texts.length)).toEqual(texts)
})

test('what cannot be compressed passes a WebSocket in every way without ending it', async () => {
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map((identity) => startNode({ identity, listen: [WS] })),
  )
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  const bodies = (count: number) => Array.from({ length: count }, () => ({ bytes: randomBytes(256 * 1024) }))
  const [stored, said, direct] = [bodies(16), bodies(8), bodies(16)]
  await alice.node.publishMany('test', stored)
  await connect(alice, bob)
  const since = bob.node.peers()[0]?.connectedAtMs
  expect(since).toBeGreaterThan(0)
  await waitUntil(() => bob.store.end === stored.length, { what: 'what was missed' })
  await hears(alice, bob)
  await alice.node.publishMany('test', said)
  await alice.node.sendMany(bob.node.pastelId, direct)
  const all = [...stored, ...said, ...direct]
  await waitUntil(() => bob.store.end === all.length, { what: 'all messages to be stored' })
  const found: Buffer[] = []
  for await (const entry of bob.node.messages({}))
    if (entry.kind === 'message') found.push(Buffer.from(entry.body))
  const sorted = (all: readonly Buffer[]) => all.map((one) => one.toString('base64')).sort()
  expect(sorted(found)).toEqual(sorted(all.map(({ bytes }) => bytes)))
  expect(bob.node.peers().map(({ connectedAtMs }) => connectedAtMs)).toEqual([since])
  expect([...alice.errors, ...bob.errors]).toEqual([])
})
