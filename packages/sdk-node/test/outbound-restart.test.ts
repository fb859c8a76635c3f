import { SIGNATURE_BYTES } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { openOutbound } from './fixtures/outbound.ts'
import { batchesOf, openStore, temporaryFolder } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

test('after a restart a new run follows the old one', async () => {
  const directory = await temporaryFolder()
  for (let start = 0; start < 4; start += 1) {
    const store = await openStore({ directory })
    const { publish, pipeline } = await openOutbound({ store })
    for (let i = 0; i <= start; i += 1) await publish({ text: `${start}/${i}` })
    await publish({ text: 'other' }, 'topic/other')
    await pipeline.stop()
    await store.stop()
  }
  const store = await openStore({ directory })
  const stored = await batchesOf(store.read({ channel: 'topic/test' }))
  const firsts = stored.filter(({ signed }) => signed.batch.first === 0)
  expect(firsts).toHaveLength(4)
  for (const [i, { signed }] of firsts.entries()) {
    if (i === 0) expect(signed.batch.follows).toBeUndefined()
    else {
      expect(signed.batch.follows?.head).toBe(i - 1)
      expect(Buffer.from(signed.batch.follows?.run ?? [])).toEqual(
        Buffer.from(firsts[i - 1]?.signed.batch.run ?? []),
      )
    }
  }
  await expectSoundLogs(store)
})

test('a node without restarts writes one run', async () => {
  const { publish, store } = await openOutbound()
  for (let i = 0; i < 20; i += 1) await publish({ text: `${i}` })
  expect(new Set((await batchesOf(store.read())).map(({ signed }) => signed.log)).size).toBe(1)
})

test('channels that are idle are not kept for ever, and go on where they were', async () => {
  // Nobody verifies here, and five thousand signatures take their time.
  const signer = { ...seededSigner('alice'), sign: async () => new Uint8Array(SIGNATURE_BYTES) }
  const { publish, pipeline, store } = await openOutbound({ signer })
  await publish({ text: 'first' }, 'topic/first')
  for (let i = 0; i < 5; i += 1) {
    await Promise.all(Array.from({ length: 1000 }, (_, n) => publish({ text: 'x' }, `topic/${i}-${n}`)))
  }
  expect(pipeline.channels).toBeLessThanOrEqual(4096)
  await publish({ text: 'second' }, 'topic/first')
  const [first, second] = await batchesOf(store.read({ channel: 'topic/first' }))
  expect(second?.signed.batch.follows?.run).toEqual(first?.signed.batch.run)
  expect(second?.signed.batch.previous).toEqual(first?.signed.hash)
})
