import { expect, test } from 'vitest'
import type { DiskState } from '../src/index.ts'
import { metaKey } from '../src/keys.ts'
import { append, collect } from './fixtures/batches.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { FaultyDatabase } from './fixtures/faulty-database.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

/** A pause that lasts until the test ends it. */
function pauses() {
  const asked: number[] = []
  let paused = Promise.withResolvers<void>()
  let end = () => {}
  const pause = (ms: number, signal: AbortSignal): Promise<void> => {
    asked.push(ms)
    return new Promise((resolve) => {
      end = resolve
      signal.addEventListener('abort', () => resolve())
      paused.resolve()
    })
  }
  /** Waits for the next pause. */
  const next = async () => {
    await paused.promise
    paused = Promise.withResolvers()
  }
  return { asked, pause, next, end: () => end() }
}

async function openFailing() {
  const database = await FaultyDatabase.create()
  const pausing = pauses()
  const store = await openStore({ database, pause: pausing.pause })
  const writer = new LogWriter({ identity: 'alice' })
  const fail = async () => {
    await expect(store.writer.commit((operations) => operations.push(PUT))).rejects.toMatchObject({
      code: 'ERR_COMMIT_FAILED',
    })
  }
  const reopened = () => new Promise<void>((resolve) => store.onReopened(resolve))
  return { database, pausing, store, writer, fail, reopened }
}

const PUT = { type: 'put' as const, key: Buffer.from('Zother'), value: Buffer.alloc(1) }

test('writes that fail again after the reopening are tried after ever longer pauses', async () => {
  const { database, pausing, store, fail, reopened, writer } = await openFailing()
  database.failWrites(() => 'lost')
  let open = reopened()
  await fail()
  await open
  for (let i = 0; i < 8; i += 1) {
    await fail()
    await pausing.next()
    open = reopened()
    pausing.end()
    await open
  }
  expect(pausing.asked).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])

  // The first success makes the next failure a first one.
  database.failWrites(() => undefined)
  await append(store, await writer.write())
  database.failNextWrite()
  open = reopened()
  await fail()
  await open
  expect(pausing.asked).toHaveLength(8)
  database.failNextWrite()
  await fail()
  await pausing.next()
  expect(pausing.asked.at(-1)).toBe(250)
})

test('opening that fails again and again is tried after ever longer pauses', async () => {
  const { database, pausing, fail, reopened } = await openFailing()
  database.failNextWrite()
  database.failOpens(4)
  const open = reopened()
  await fail()
  for (let i = 0; i < 4; i += 1) {
    await pausing.next()
    pausing.end()
  }
  await open
  expect(pausing.asked).toEqual([250, 500, 1_000, 2_000])
})

test('in the pause what is stored is read, commits are refused, and the end does not wait for it', async () => {
  const { database, pausing, store, writer, fail, reopened } = await openFailing()
  const [first, second] = [await writer.write(), await writer.write()]
  await append(store, first)
  database.failWrites(() => 'lost')
  const open = reopened()
  await fail()
  await open
  await fail()
  await pausing.next()
  expect(await collect(store.read())).toHaveLength(1)
  await expect(store.place(second)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  await store.stop()
  database.failWrites(() => undefined)
  await store.start()
  await append(store, second)
  await expectSoundOrder(store)
})

test('the state is told once, with the reason, and once more when a write comes through', async () => {
  const { database, pausing, store, writer, fail, reopened } = await openFailing()
  const states: [DiskState, string | undefined][] = []
  store.disk.onChange(({ state, reason }) => states.push([state, reason]))
  database.failWrites(() => 'lost')
  for (let i = 0; i < 3; i += 1) {
    const open = reopened()
    await fail()
    if (i > 0) {
      await pausing.next()
      pausing.end()
    }
    await open
  }
  expect(states).toEqual([['failing', 'no space left on device']])
  database.failWrites(() => undefined)
  await append(store, await writer.write())
  expect(states.slice(1)).toEqual([['ok', undefined]])
})

test('that writing works again is found out when nobody writes, and nothing is left of it', async () => {
  const { database, store, fail } = await openFailing()
  const ok = new Promise((resolve) => store.disk.onChange(({ state }) => state === 'ok' && resolve(state)))
  database.failNextWrite()
  await fail()
  expect(store.disk.status.state).toBe('failing')
  expect(await ok).toBe('ok')
  expect(await database.get(metaKey('probe'))).toBeUndefined()
})
