import type { SignedBatch } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { connect, startNode, stores } from './fixtures/nodes.ts'
import { appendAll } from './fixtures/storage.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

const carol = seededSigner('carol')
const body = (text: string) => ({ bodies: [Buffer.from(text)] })

test('more logs than one page of heads holds', async () => {
  const batches: SignedBatch[] = []
  for (let run = 0; run < 2200; run += 1) {
    batches.push(await new LogWriter({ identity: 'carol', runs: `${run}` }, carol).write(body(`${run}`)))
  }
  const alice = await startNode({ identity: 'alice', prepare: (store) => appendAll(store, batches) })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 3_600_000 })
  await connect(bob, alice)
  const found = await stores(bob, 2200)
  expect(new Set(found).size).toBe(2200)
  expect(bob.node.counters.verifications).toBe(2200)
})

test('many runs that follow each other: each is fetched once', async () => {
  const writer = new LogWriter({ identity: 'carol' })
  const batches: SignedBatch[] = []
  for (let run = 0; run < 600; run += 1) batches.push(await writer.newRun().write(body(`${run}`)))
  const alice = await startNode({ identity: 'alice', prepare: (store) => appendAll(store, batches) })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 3_600_000 })
  await connect(bob, alice)
  expect(await stores(bob, 600)).toEqual(Array.from({ length: 600 }, (_, i) => `${i}`))
  expect(bob.node.counters.verifications).toBe(600)
  expect(bob.node.counters.dropped.gap).toBe(0)
  await expectSoundLogs(bob.store)
})

test('logs of many megabytes, asked for in parts', async () => {
  const large = new Uint8Array(250 * 1024)
  const batches: SignedBatch[] = []
  for (const identity of ['carol', 'dave', 'erin']) {
    const writer = new LogWriter({ identity })
    for (let i = 0; i < 12; i += 1) {
      large.fill(i)
      batches.push(await writer.write({ bodies: [large, large] }))
    }
  }
  const alice = await startNode({ identity: 'alice', prepare: (store) => appendAll(store, batches) })
  const bob = await startNode({ identity: 'bob', syncIntervalMs: 3_600_000 })
  await connect(bob, alice)
  await stores(bob, 72)
  expect(bob.node.counters.received.batches).toBe(36)
  await expectSoundLogs(bob.store)
})
