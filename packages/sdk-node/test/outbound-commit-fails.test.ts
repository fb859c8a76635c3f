import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { FaultyDatabase, type WriteFailure } from './fixtures/faulty-database.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { openOutbound, storedTexts, texts } from './fixtures/outbound.ts'
import { batchesOf, openStore } from './fixtures/storage.ts'
import { waitUntil } from './fixtures/testkit.ts'

async function openFaulty(maxBatchMessages = 512) {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const reopened = () => waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
  return { database, reopened, ...(await openOutbound({ store, maxBatchMessages })) }
}

test.each<WriteFailure>(['lost', 'on disk'])('a failed commit begins a new run: %s', async (failure) => {
  const { publish, database, reopened, store } = await openFaulty()
  await publish({ text: 'before' })
  database.failNextWrites(failure)
  await expect(publish({ text: 'failed' })).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await reopened()
  await publish({ text: 'after' })
  expect(await storedTexts(store)).toEqual(
    failure === 'lost' ? ['before', 'after'] : ['before', 'failed', 'after'],
  )
  const stored = await batchesOf(store.read())
  expect(stored.at(-1)?.signed.log).not.toBe(stored[0]?.signed.log)
  expect(stored.at(-1)?.signed.batch.follows).toBeDefined()
  await expectSoundLogs(store)
})

test('the first batch of a run can fail as well', async () => {
  const { publish, database, reopened, store } = await openFaulty()
  database.failNextWrites('lost')
  await expect(publish({ text: 'failed' })).rejects.toThrow()
  await reopened()
  database.failNextWrites('on disk')
  await expect(publish({ text: 'unknown' })).rejects.toThrow()
  await reopened()
  await publish({ text: 'after' })
  expect(await storedTexts(store)).toEqual(['unknown', 'after'])
  await expectSoundLogs(store)
})

test('while the database is opened anew nothing is accepted', async () => {
  const { publish, database, reopened, store } = await openFaulty()
  await publish({ text: 'before' })
  database.failOpens(1)
  database.failNextWrites('lost')
  await expect(publish({ text: 'failed' })).rejects.toThrow()
  await expect(publish({ text: 'refused' })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  await reopened()
  await publish({ text: 'after' })
  expect(await storedTexts(store)).toEqual(['before', 'after'])
  await expectSoundLogs(store)
})

test('a commit of others that fails begins a new run as well', async () => {
  const { publish, database, reopened, store } = await openFaulty()
  await publish({ text: 'before' })
  database.failNextWrites('lost')
  await expect(
    store.writer.commit((operations) => {
      operations.push({ type: 'put', key: Buffer.from('Mx'), value: Buffer.from('x') })
    }),
  ).rejects.toThrow()
  await reopened()
  await publish({ text: 'after' })
  const [before, after] = await batchesOf(store.read())
  expect(after?.signed.log).not.toBe(before?.signed.log)
  await expectSoundLogs(store)
})

test('a commit of others that fails while a batch is being signed: nothing behind that batch is sent', async () => {
  const database = await FaultyDatabase.create()
  const store = await openStore({ database })
  const signer = new GatedSigner()
  const { publishMany, publish, pipeline } = await openOutbound({ store, signer })
  signer.hold()
  const publishing = publishMany(texts(5000))
  const refused = expect(publishing).rejects.toMatchObject({ code: 'ERR_COMMIT_FAILED' })
  await signer.wasAsked(1)
  database.failNextWrites('lost')
  await expect(
    store.writer.commit((operations) => {
      operations.push({ type: 'put', key: Buffer.from('Mx'), value: Buffer.from('x') })
    }),
  ).rejects.toThrow()
  await waitUntil(() => store.writer.isOpen, { what: 'the database to be open again' })
  signer.letGo()
  await refused
  await publish({ text: 'after' })
  await pipeline.stop()
  expect(await storedTexts(store)).toEqual(['after'])
  await expectSoundLogs(store)
})

test('under load, with commits that fail now and then, nothing acknowledged is lost and nothing is written twice', async () => {
  const { database, publish, store, reopened, pipeline } = await openFaulty(8)
  const acknowledged = new Set<string>()
  const refused = new Set<string>()
  let next = 0
  const publisher = async () => {
    while (next < 1500) {
      const text = `${next}`
      next += 1
      try {
        await publish({ text })
        acknowledged.add(text)
      } catch {
        refused.add(text)
        await reopened()
      }
      if (next % 300 === 100) database.failNextWrites('lost')
      if (next % 300 === 250) database.failNextWrites('on disk', 'lost')
    }
  }
  await Promise.all(Array.from({ length: 40 }, publisher))
  await pipeline.stop()
  await reopened()
  const stored = await storedTexts(store)
  expect(new Set(stored).size).toBe(stored.length)
  for (const text of acknowledged) expect(stored).toContain(text)
  expect(refused.size).toBeGreaterThan(0)
  expect(acknowledged.size + refused.size).toBe(1500)
  await expectSoundLogs(store)
})

test('what was acknowledged is sent, what failed is not', async () => {
  const { publish, database, reopened, delivered } = await openFaulty()
  await publish({ text: 'before' })
  database.failNextWrites('lost')
  await expect(publish({ text: 'failed' })).rejects.toThrow()
  await reopened()
  await Promise.all(texts(3).map((message) => publish(message)))
  expect(delivered.map(({ count }) => count)).toEqual([1, 3])
})
