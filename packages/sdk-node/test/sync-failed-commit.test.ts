import { expect, test } from 'vitest'
import { BatchHolder } from './fixtures/batch-holder.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { joinHolder } from './fixtures/lying-holder.ts'
import { connect, hears, numbered, startNode, stores } from './fixtures/nodes.ts'
import { LogWriter, waitUntil } from './fixtures/testkit.ts'

async function startFaulty(options: { syncIntervalMs?: number } = {}) {
  const database = await FaultyDatabase.create()
  return { database, ...(await startNode({ identity: 'bob', database, ...options })) }
}

test('a batch that came by gossip and did not get to the disk comes by sync', async () => {
  const bob = await startFaulty()
  const alice = await startNode({ identity: 'alice' })
  await connect(bob, alice)
  await hears(alice, bob)
  bob.database.failNextWrites('lost')
  await alice.node.publish('test', { text: 'once' })
  expect(await stores(bob, 1)).toEqual(['once'])
  expect(bob.node.counters.dropped.store).toBe(1)
  expect(bob.errors[0]).toMatchObject({ code: 'ERR_COMMIT_FAILED' })
})

test('a pass that took what was on its way to the disk for stored looks again when that failed', async () => {
  const bob = await startFaulty({ syncIntervalMs: 50 })
  const signed = await new LogWriter({ identity: 'carol' }).write()
  const release = bob.database.holdWrites()
  bob.database.failNextWrites('lost')
  // As if it had come by gossip.
  const placement = await bob.store.place(signed)
  if (placement.status !== 'appended') throw new Error('not appended')
  const failed = expect(placement.committed).rejects.toThrow()
  const holder = new BatchHolder([signed])
  await joinHolder(bob, holder)
  await waitUntil(() => holder.headsRequests().some(({ from }) => from !== undefined), {
    what: 'a pass that found everything there',
  })
  expect(holder.rangesRequests()).toEqual([])
  release()
  await failed
  await stores(bob, 1)
})

test('a batch that sync brought and that did not get to the disk is asked for again', async () => {
  const bob = await startFaulty({ syncIntervalMs: 3_600_000 })
  const writer = new LogWriter({ identity: 'carol' })
  const holder = new BatchHolder([await writer.write(), await writer.write(), await writer.write()])
  bob.database.failNextWrites('lost', 'lost')
  await joinHolder(bob, holder)
  await stores(bob, 3)
})

test('while the database is being opened nothing is lost that gossip or sync bring', async () => {
  const bob = await startFaulty()
  const alice = await startNode({ identity: 'alice' })
  await connect(bob, alice)
  await hears(alice, bob)
  for (let round = 0; round < 3; round += 1) {
    bob.database.failOpens(1)
    bob.database.failNextWrites(round % 2 === 0 ? 'lost' : 'on disk')
    await alice.node.publishMany('test', numbered(1200, `${round} `))
    expect((await stores(bob, 1200 * (round + 1))).slice(1200 * round)).toEqual(
      numbered(1200, `${round} `).map(({ text }) => text),
    )
  }
  // The failure is told, not everything that waits for it to pass.
  expect(bob.errors.length).toBeLessThan(40)
  expect(new Set(bob.errors.map((error) => (error as { code?: string }).code))).toEqual(
    new Set(['ERR_COMMIT_FAILED']),
  )
})
