import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createNode, createOpenRegistry, generateNodeKey } from '../src/index.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { NETWORK } from './fixtures/inbound.ts'
import { connect, hears, numbered, startNode } from './fixtures/nodes.ts'
import { openStore } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

async function makeNode(options: { listen?: string[]; signer?: GatedSigner } = {}) {
  const { listen = ['/ip4/127.0.0.1/tcp/0'], signer = seededSigner('alice') } = options
  const store = await openStore()
  const node = await createNode(
    { network: NETWORK, topics: ['test'], listen, manyPeersPerHost: true },
    { signer, nodeKey: await generateNodeKey(), store, registry: createOpenRegistry() },
  )
  return { node, store }
}

test('start and stop can be called as often as one likes, and each call waits for the end', async () => {
  const { node } = await makeNode()
  await node.stop()
  const events: string[] = []
  node.addEventListener('start', () => events.push('start'))
  node.addEventListener('stop', () => events.push('stop'))
  await Promise.all([node.start(), node.start().then(() => events.push('second start'))])
  expect(events).toEqual(['start', 'second start'])
  await node.start()
  await Promise.all([node.stop(), node.stop().then(() => events.push('second stop'))])
  await node.stop()
  expect(events).toEqual(['start', 'second start', 'stop', 'second stop'])
  await expect(node.start()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  await expect(node.publish('test', { text: 'late' })).rejects.toMatchObject({ code: 'ERR_STOPPED' })
})

test('a node that cannot listen says so, and is stopped', async () => {
  const { node: other } = await makeNode()
  await other.start()
  const taken = other.addresses()[0] as string
  const { node } = await makeNode({ listen: [taken.replace(/\/p2p\/.*/, '')] })
  await expect(node.start()).rejects.toMatchObject({ code: 'ERR_LISTEN' })
  await node.stop()
  await expect(node.publish('test', { text: 'x' })).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  await other.stop()
})

test('a signer that fails at the start: start says so, and does not claim to run', async () => {
  const signer = new GatedSigner()
  const { node } = await makeNode({ signer })
  signer.fail()
  await expect(node.start()).rejects.toThrow('the signer does not answer')
  await expect(node.start()).rejects.toThrow()
  await node.stop()
})

test('stop while it starts', async () => {
  const signer = new GatedSigner()
  const { node } = await makeNode({ signer })
  signer.hold()
  const starting = node.start()
  const refused = expect(starting).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  await signer.wasAsked(1)
  await node.stop()
  await refused
  signer.letGo()
  expect(node.peers()).toEqual([])
})

test('stop while a signer does not answer: in seconds, and the message is refused', async () => {
  const signer = new GatedSigner()
  const { node } = await makeNode({ signer })
  await node.start()
  signer.hold()
  const publishing = node.publish('test', { text: 'never signed' })
  const refused = expect(publishing).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  await node.stop()
  await refused
  signer.letGo()
})

test('stop under full traffic: what was acknowledged is stored, and nothing comes after the end', async () => {
  const alice = await startNode({ identity: 'alice', syncIntervalMs: 50 })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 50 })
  await connect(bob, alice)
  await hears(alice, bob)
  let acknowledged = 0
  const talk = async ({ node }: typeof alice, isCounted: boolean) => {
    for (;;) {
      const accepted = await node.publishMany('test', numbered(2000))
      if (isCounted) acknowledged += accepted.length
    }
  }
  const talking = [talk(alice, false), talk(bob, true)].map((one) => one.catch((error) => error))
  await waitUntil(() => acknowledged > 4000 && alice.store.end > 8000, { what: 'traffic both ways' })
  let isOver = false
  let late = 0
  bob.store.onAppended(() => {
    if (isOver) late += 1
  })
  await bob.node.stop()
  isOver = true
  expect(await talking[1]).toMatchObject({ code: 'ERR_STOPPED' })
  let own = 0
  for await (const { count } of bob.store.read({ sender: seededSigner('bob').publicKey })) own += count
  expect(own).toBeGreaterThanOrEqual(acknowledged)
  await alice.node.stop()
  await talking[0]
  expect(late).toBe(0)
  expect([...alice.errors, ...bob.errors]).toEqual([])
})

test('a process in which nodes ran and stopped exits by itself', async () => {
  const script = fileURLToPath(new URL('./fixtures/start-and-stop.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  const [code, signal] = await once(child, 'exit')
  clearTimeout(timer)
  expect({ code, signal, output }).toEqual({ code: 0, signal: null, output: 'stopped\n' })
})
