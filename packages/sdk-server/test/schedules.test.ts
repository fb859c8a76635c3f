import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('schedules are set, listed and removed, and make jobs', async () => {
  const { path, queue } = await openServer({ prepare: (queue) => queue.registerHandler('tick', () => 1) })
  const { schedules } = apiOf(path).admin
  const nightly = await schedules.set.mutate({
    id: 'nightly',
    timing: { cron: '0 3 * * *', timeZone: 'Europe/Vienna' },
    name: 'report',
    data: { for: 'yesterday' },
    options: { priority: 5, retry: { attempts: 2 } },
  })
  expect(nightly).toEqual({
    id: 'nightly',
    timing: { cron: '0 3 * * *', timeZone: 'Europe/Vienna' },
    name: 'report',
    data: { for: 'yesterday' },
    priority: 5,
    retry: { attempts: 2 },
    ticks: 0,
    nextAtMs: expect.any(Number),
    isHandled: false,
  })
  await schedules.set.mutate({ id: 'fast', timing: { everyMs: 100 }, name: 'tick', maxTicks: 2 })
  await waitUntil(async () => (await queue.counts()).get('tick')?.done === 2, {
    what: 'two ticks to be done',
  })
  const listed = await schedules.list.query()
  expect(listed).toMatchObject([{ id: 'fast', isHandled: true, ticks: 2, maxTicks: 2 }, nightly])
  expect(listed[0]).not.toHaveProperty('nextAtMs')
  await schedules.remove.mutate({ id: 'nightly' })
  expect(await schedules.list.query()).toMatchObject([{ id: 'fast' }])
  await expect(schedules.remove.mutate({ id: 'nightly' })).rejects.toMatchObject({
    message: 'there is no schedule nightly',
    data: { code: 'NOT_FOUND', meshCode: 'ERR_SCHEDULE_UNKNOWN' },
  })
})

it.each([
  [{ id: '-', timing: { everyMs: 1_000 }, name: 'tick' }, 'ERR_SCHEDULE', /is no id of a schedule/],
  [{ id: 'a', timing: { everyMs: 1 }, name: 'tick' }, 'ERR_SCHEDULE', /100 or more/],
  [{ id: 'a', timing: { cron: 'now' }, name: 'tick' }, 'ERR_SCHEDULE', /"now" is no cron expression/],
  [{ id: 'a', timing: { cron: '0 3 31 2 *' }, name: 'tick' }, 'ERR_SCHEDULE', /never comes: no month/],
  [{ id: 'a', timing: { cron: '0 3 31 4,6 *' }, name: 'tick' }, 'ERR_SCHEDULE', /never comes: no month/],
  [{ id: 'a', timing: { cron: '0 0 3 30,31 feb *' }, name: 'tick' }, 'ERR_SCHEDULE', /never comes: no month/],
  [{ id: 'a', timing: { cron: '* * * * *', timeZone: 'Moon' }, name: 'tick' }, 'ERR_SCHEDULE', /time zone/],
  [{ id: 'a', timing: {}, name: 'tick' }, undefined, /a timing is everyMs, or cron/],
  [{ id: 'a', timing: { everyMs: 1_000 }, name: '!' }, 'ERR_JOB_NAME', /is no name of a job/],
])('a schedule that cannot be is refused: %o', async (input, meshCode, message) => {
  const { path, queue } = await openServer()
  const answer = await mutate(path, 'admin.schedules.set', input)
  expect(answer.status).toBe(400)
  expect(errorOf(answer)).toMatchObject({ message: expect.stringMatching(message) })
  expect(errorOf(answer).data.meshCode).toBe(meshCode)
  expect(await queue.schedules()).toEqual([])
})
