import type { Signer } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { expectSoundLogs } from './fixtures/expect-sound-logs.ts'
import { GatedSigner } from './fixtures/gated-signer.ts'
import { openOutbound, storedTexts, texts } from './fixtures/outbound.ts'
import { batchesOf } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const runsOf = (stored: { signed: { log: string } }[]) => new Set(stored.map(({ signed }) => signed.log)).size

test('a signer that fails once: what waits for it is refused, the next message follows in a new run', async () => {
  const signer = new GatedSigner()
  const { publish, store, counters } = await openOutbound({ signer })
  await publish({ text: 'before' })
  signer.hold()
  const first = publish({ text: 'signed in vain' })
  await signer.wasAsked(2)
  const gathered = texts(5).map((message) => publish(message))
  signer.fail(1)
  signer.letGo()
  const outcomes = await Promise.allSettled([first, ...gathered])
  expect(outcomes.map(({ status }) => status)).toEqual(Array(6).fill('rejected'))
  expect((outcomes[0] as PromiseRejectedResult).reason.message).toBe('the signer does not answer')
  expect(await publish({ text: 'after' })).toMatchObject({ arrival: 1 })
  expect(await storedTexts(store)).toEqual(['before', 'after'])
  expect(runsOf(await batchesOf(store.read()))).toBe(2)
  expect(counters.published).toEqual({ batches: 2, messages: 2 })
  await expectSoundLogs(store)
})

test('a signer that always fails: everything is refused at once, until it works again', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer })
  signer.fail()
  for (let i = 0; i < 3; i += 1) {
    const outcomes = await Promise.allSettled(texts(1200).map((message) => publish(message)))
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
  }
  // Not once a batch: an RPC that does not answer would keep callers for minutes.
  expect(signer.asked).toBeLessThan(9)
  expect(store.end).toBe(0)
  signer.fail(0)
  await publish({ text: 'at last' })
  expect(await storedTexts(store)).toEqual(['at last'])
  await expectSoundLogs(store)
})

test('a signer that never answers: what waits for it is refused when its time is over', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer, signTimeoutMs: 30 })
  signer.hold()
  const publishing = Promise.allSettled(texts(3).map((message) => publish(message)))
  await signer.wasAsked(1)
  const gathered = expect(publish({ text: 'gathered' })).rejects.toMatchObject({ code: 'ERR_SIGNER_TIMEOUT' })
  for (const outcome of await publishing) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_SIGNER_TIMEOUT' } })
  }
  await gathered
  signer.letGo()
  await publish({ text: 'next' })
  expect(await storedTexts(store)).toEqual(['next'])
})

test('two batches in flight: if the first fails the second is not stored', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer, maxBatchMessages: 4 })
  signer.hold()
  const publishing = texts(8).map((message) => publish(message))
  const settled = Promise.allSettled(publishing)
  await signer.wasAsked(2)
  signer.fail(1)
  signer.letGo()
  expect((await settled).every(({ status }) => status === 'rejected')).toBe(true)
  await publish({ text: 'next' })
  expect(await storedTexts(store)).toEqual(['next'])
  await expectSoundLogs(store)
})

test('two batches in flight: if the second fails the first is stored', async () => {
  const signer = new GatedSigner()
  const { publish, store } = await openOutbound({ signer, maxBatchMessages: 4 })
  signer.hold()
  const publishing = texts(8).map((message) => publish(message))
  const settled = Promise.allSettled(publishing)
  await signer.wasAsked(2)
  signer.letOne()
  await publishing[3]
  signer.fail(1)
  signer.letGo()
  expect((await settled).map(({ status }) => status)).toEqual([
    ...Array(4).fill('fulfilled'),
    ...Array(4).fill('rejected'),
  ])
  await publish({ text: 'next' })
  expect(await storedTexts(store)).toEqual(['0', '1', '2', '3', 'next'])
  await expectSoundLogs(store)
})

const inner = seededSigner('alice')
const broken: [what: string, sign: Signer['sign']][] = [
  [
    'throws instead of rejecting',
    () => {
      throw new Error('at once')
    },
  ],
  ['gives a signature that is too short', async () => new Uint8Array(113)],
  ['gives a signature that is too long', async () => new Uint8Array(115)],
]

test.each(broken)('a signer that %s stores nothing and stops nothing', async (_what, sign) => {
  let isBroken = true
  const signer: Signer = { ...inner, sign: (...request) => (isBroken ? sign : inner.sign)(...request) }
  const { publish, store, pipeline } = await openOutbound({ signer })
  await expect(publish({ text: 'lost' })).rejects.toThrow()
  isBroken = false
  await publish({ text: 'kept' })
  expect(await storedTexts(store)).toEqual(['kept'])
  await expectSoundLogs(store)
  await pipeline.stop()
})
