import { expect, test } from 'vitest'
import type { Meter } from '../src/index.ts'
import { GOSSIPSUB_SHAPES } from '../src/meters/gossipsub-shapes.ts'
import { LIBP2P_SHAPES } from '../src/meters/libp2p-shapes.ts'
import { Tally } from '../src/meters/tally.ts'
import { startNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

function sampleOf(meters: readonly Meter[], name: string, label: string): number | undefined {
  const meter = meters.find((one) => one.name === name)
  if (meter === undefined || meter.type === 'histogram') throw new Error(`there is no ${name}`)
  return meter.samples.find(([labels]) => Object.values(labels).join(' ') === label)?.[1]
}

test('libp2p and gossipsub still count all that is shown of them', async () => {
  const alice = await startNode({
    identity: 'alice',
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
  })
  const names = new Set((await alice.node.meters.read()).map(({ name }) => name))
  for (const shapes of [LIBP2P_SHAPES, GOSSIPSUB_SHAPES]) {
    for (const [name, shape] of Object.entries(shapes)) expect(names, name).toContain(shape.name ?? name)
  }
  expect(names.size).toBeGreaterThan(60)
})

test('a topic that was left is in no mesh, and what was counted of it stays', async () => {
  const [alice, bob] = [await startNode({ identity: 'alice' }), await startNode({ identity: 'bob' })]
  await bob.node.connect(alice.address)
  const inMesh = (count: number | undefined) => async () =>
    sampleOf(await alice.node.meters.read(), 'gossipsub_mesh_peers', 'test') === count
  await waitUntil(inMesh(1), { what: 'the mesh' })
  await alice.node.publish('test', { text: 'hello' })
  await waitUntil(
    async () => sampleOf(await alice.node.meters.read(), 'gossipsub_msg_publish_count_total', 'test') === 1,
    { what: 'the batch to be sent' },
  )
  alice.node.leave('test')
  expect(await inMesh(undefined)()).toBe(true)
  expect(sampleOf(await alice.node.meters.read(), 'gossipsub_msg_publish_count_total', 'test')).toBe(1)
})

test('there are only so many names: what comes later is counted together', () => {
  const tally = new Tally()
  for (let n = 0; n < 2_000; n += 1) tally.add(`topic-${n}`, 2)
  tally.add('topic-0', 1)
  const values = new Map(tally.entries())
  expect(values.size).toBe(513)
  expect(values.get('topic-0')).toBe(3)
  expect(values.get('other')).toBe(2 * (2_000 - 512))
})
