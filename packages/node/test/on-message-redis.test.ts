import { textOf } from '@pastel-mesh/protocol'
import { bullmqDriver } from '@pastel-mesh/queue'
import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import { describe, expect, it, onTestFinished } from 'vitest'
import { missingForRedis, startRedis } from '../../queue/test/fixtures/redis-server.ts'
import { connect, numbered } from '../../sdk-node/test/fixtures/nodes.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { type BoundNode, boundNode, jobData } from './fixtures/bound-node.ts'

function bound({ bindings }: BoundNode, position: number): Promise<unknown> {
  return waitUntil(async () => (await bindings.status())[0]?.position === position, {
    what: `the bookmark to be at ${position}`,
  })
}

describe.skipIf(missingForRedis !== undefined)('bindings whose queue is on Redis', () => {
  it('make one job of a message for all nodes, also when one has to add it again', async () => {
    const redis = await startRedis('--appendonly', 'yes')
    onTestFinished(() => redis.stop())
    const start = (identity: string, directory?: string) =>
      boundNode({
        identity,
        driver: bullmqDriver({ url: redis.url }),
        ...(directory === undefined ? {} : { directory }),
      })
    const alice = await start('alice')
    const bob = await start('bob')
    await connect(alice, bob)
    for (const node of [alice, bob]) {
      node.bindings.add('test', 'handle', (message: ReceivedMessage) => textOf(message))
      await node.begin()
    }
    const place = `jobs/${alice.node.pastelId}/topic/test/handle`
    const before = (await alice.queue.bookmark(place)) ?? ''
    await alice.node.publishMany('test', numbered(30))
    await Promise.all([bound(alice, 30), bound(bob, 30)])
    const texts = numbered(30).map(({ text }) => text)
    expect(((await jobData(alice.queue, 'handle')) as string[]).sort()).toEqual([...texts].sort())

    // As if it had crashed after the jobs were there, and before its bookmark was.
    await alice.bindings.stop()
    await alice.queue.addMany([], { name: place, value: before })
    await alice.bindings.start()
    await bound(alice, 30)
    expect(await jobData(alice.queue, 'handle')).toHaveLength(30)
    expect([...alice.told, ...bob.told]).toEqual([])
  })
})
