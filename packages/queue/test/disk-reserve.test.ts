import { createStore } from '@pastel-mesh/storage'
import { expect, onTestFinished, test } from 'vitest'
import { soon, until } from '../src/conformance/conformance-case.ts'
import { createQueue, levelDriver } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { TestClock } from './fixtures/test-clock.ts'

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

test('below the reserve a tick waits until there is room, told once, and what is there goes on', async () => {
  const directory = await temporaryFolder()
  const clock = new TestClock()
  let freeBytes = 1e12
  const store = createStore({ directory, minFreeBytes: 1_000 }, { freeBytes: async () => freeBytes })
  const queue = createQueue({ driver: levelDriver({}, { store, ownsStore: true, clock }) }, { clock })
  onTestFinished(() => queue.stop({ timeoutMs: 0 }))
  const errors: unknown[] = []
  queue.addEventListener('error', ({ detail }) => errors.push(detail))
  queue.registerHandler('there', () => 'done')
  await queue.start()
  await queue.upsertSchedule('hourly', { timing: { everyMs: HOUR_MS }, name: 'work', data: 1 })
  const there = await queue.add('there', 1, { delayMs: HOUR_MS + MINUTE_MS })
  freeBytes = 0
  await until('the disk is low', () => !store.disk.hasRoom)
  clock.pass(HOUR_MS)
  await until('it is told', () => errors.length > 0)
  clock.pass(MINUTE_MS)
  expect(await queue.waitFor(there.id, soon())).toBe('done')
  clock.pass(HOUR_MS)
  await queue.schedules()
  expect((await queue.counts()).get('work')).toBeUndefined()
  expect(errors).toMatchObject([{ code: 'ERR_DISK_RESERVE' }])
  freeBytes = 1e12
  await until('there is room', () => store.disk.hasRoom)
  await until('the ticks have made their job', async () => {
    clock.pass(1_000)
    return (await queue.counts()).get('work')?.waiting === 1
  })
  expect(await queue.schedules()).toMatchObject([{ ticks: 1 }])
})
