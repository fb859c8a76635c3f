import { expect, test } from 'vitest'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { openOutbound, texts } from './fixtures/outbound.ts'
import { openStore } from './fixtures/storage.ts'

test('stop waits for what was accepted, and nothing more is', async () => {
  const { pipeline, publish, store } = await openOutbound({ maxBatchMessages: 10 })
  const publishing = Promise.all(texts(500).map((message, i) => publish(message, `topic/${i % 3}`)))
  await pipeline.stop()
  expect(store.end).toBe(500)
  await expect(publish({ text: 'late' })).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  expect(await publishing).toHaveLength(500)
  await pipeline.stop()
})

test('stop waits for a signature', async () => {
  const signer = new GatedSigner()
  const { pipeline, publish, store } = await openOutbound({ signer })
  signer.hold()
  const publishing = publish({ text: 'one' })
  await signer.wasAsked(1)
  let isStopped = false
  const stopping = pipeline.stop().then(() => {
    isStopped = true
  })
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  expect(isStopped).toBe(false)
  signer.letGo()
  await Promise.all([publishing, stopping])
  expect(store.end).toBe(1)
})

test('but not for ever: what a signer does not sign is refused', async () => {
  const signer = new GatedSigner()
  const { pipeline, publish, store } = await openOutbound({ signer })
  signer.hold()
  const publishing = Promise.allSettled(texts(3).map((message) => publish(message)))
  await signer.wasAsked(1)
  const more = publish({ text: 'gathered' })
  const refused = expect(more).rejects.toMatchObject({ code: 'ERR_STOPPED' })
  await pipeline.stop({ graceMs: 50 })
  for (const outcome of await publishing) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STOPPED' } })
  }
  await refused
  signer.letGo()
  expect(store.end).toBe(0)
})

test('stop ends while the database fails', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const { pipeline, publish } = await openOutbound({ store })
  database.failNextWrites('lost')
  database.failOpens(2)
  const publishing = Promise.allSettled(texts(20).map((message, i) => publish(message, `topic/${i}`)))
  await pipeline.stop()
  expect((await publishing).every(({ status }) => status === 'rejected')).toBe(true)
})
