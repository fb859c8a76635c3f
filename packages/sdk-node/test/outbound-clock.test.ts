import { afterEach, expect, test, vi } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { openOutbound } from './fixtures/outbound.ts'
import { batchesOf, openStore, temporaryFolder } from './fixtures/storage.ts'

// Only the clock's reading: timers and I/O stay as they are.
afterEach(() => {
  vi.restoreAllMocks()
})

function setClock(ms: number): void {
  vi.spyOn(Date, 'now').mockReturnValue(ms)
}

test('the creation time never decreases, though the clock goes back', async () => {
  const { publish, store } = await openOutbound()
  const noon = Date.UTC(2030, 0, 1, 12)
  for (const ms of [noon, noon + 5, noon - 60_000, noon - 3_600_000, noon + 6]) {
    setClock(ms)
    await publish({ text: `${ms}` })
  }
  const stored = await batchesOf(store.read())
  expect(stored.map(({ signed }) => signed.batch.createdAtMs - noon)).toEqual([0, 5, 5, 5, 6])
  await expectSoundLogs(store)
})

test('neither does it from one run to the next', async () => {
  const directory = await temporaryFolder()
  const noon = Date.UTC(2030, 0, 1, 12)
  setClock(noon)
  const before = await openStore({ directory })
  await (await openOutbound({ store: before })).publish({ text: 'before' })
  await before.stop()
  setClock(noon - 60_000)
  const after = await openStore({ directory })
  await (await openOutbound({ store: after })).publish({ text: 'after' })
  const stored = await batchesOf(after.read())
  expect(stored.map(({ signed }) => signed.batch.createdAtMs - noon)).toEqual([0, 0])
  await expectSoundLogs(after)
})

test('a message that expires while it waits is refused, and no other with it', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer })
  const noon = Date.UTC(2030, 0, 1, 12)
  setClock(noon)
  signer.hold()
  const first = publish({ text: 'first' })
  await signer.wasAsked(1)
  const expiring = publish({ text: 'expiring', expiresAtMs: noon + 50 })
  const refused = expect(expiring).rejects.toMatchObject({ code: 'ERR_MESSAGE' })
  const lasting = publish({ text: 'lasting', expiresAtMs: noon + 5000 })
  const plain = publish({ text: 'plain' })
  setClock(noon + 50)
  signer.letGo()
  await Promise.all([first, refused, lasting, plain])
  const stored = await batchesOf(store.read())
  expect(stored.flatMap((batch) => batch.messages().map(({ body }) => Buffer.from(body).toString()))).toEqual(
    ['first', 'lasting', 'plain'],
  )
  // One run: nothing failed that the log would have to be broken off for.
  expect(new Set(stored.map(({ signed }) => signed.log)).size).toBe(1)
  await expectSoundLogs(store)
})
