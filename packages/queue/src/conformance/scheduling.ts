import assert from 'node:assert/strict'
import { type ConformanceCase, gate, hasCode, soon, until, withQueue } from './conformance-case.ts'

const FAR_MS = 40 * 24 * 60 * 60 * 1_000

export const schedulingCases: ConformanceCase[] = [
  {
    name: 'a delayed job does not run early, and runs',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        queue.registerHandler('later', () => Date.now())
        const addedMs = Date.now()
        const { id } = await queue.add('later', {}, { delayMs: 1_000 })
        assert.equal((await queue.get(id))?.status, 'delayed')
        const ranMs = (await queue.waitFor(id, soon())) as number
        assert.ok(ranMs - addedMs >= 999, `it ran after ${ranMs - addedMs} ms`)
      }),
  },
  {
    name: 'a delay beyond 24.8 days waits',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let runs = 0
        queue.registerHandler('far', () => {
          runs += 1
        })
        const { id } = await queue.add('far', {}, { delayMs: FAR_MS })
        const near = await queue.add('far', {}, { delayMs: 50 })
        await queue.waitFor(near.id, soon())
        assert.equal(runs, 1)
        const job = await queue.get(id)
        assert.equal(job?.status, 'delayed')
        assert.ok((job?.runAtMs ?? 0) > Date.now() + FAR_MS - 60_000)
      }),
  },
  {
    name: 'delayed jobs respect the limit, and do not run early after a restart',
    async run(driver) {
      const runAt = Date.now() + 700
      await withQueue(driver, async (queue) => {
        await queue.addMany(
          Array.from({ length: 10 }, () => ({ name: 'timed', data: {}, options: { runAt } })),
        )
      })
      await withQueue(driver, async (queue) => {
        let running = 0
        let most = 0
        const starts: number[] = []
        queue.registerHandler(
          'timed',
          async () => {
            starts.push(Date.now())
            running += 1
            most = Math.max(most, running)
            await new Promise((resolve) => setTimeout(resolve, 5))
            running -= 1
          },
          { concurrency: 2 },
        )
        await until('all ran', () => starts.length === 10 && running === 0)
        assert.ok(Math.min(...starts) >= runAt, `one ran ${runAt - Math.min(...starts)} ms early`)
        assert.ok(most <= 2, `${most} ran at once`)
      })
    },
  },
  {
    name: 'a schedule makes one job a tick',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const ran: string[] = []
        queue.registerHandler('tick', ({ id }) => {
          ran.push(id)
        })
        await queue.upsertSchedule('often', {
          timing: { everyMs: 100 },
          name: 'tick',
          data: { a: 1 },
          maxTicks: 3,
        })
        await until('three ran', () => ran.length === 3)
        const [schedule] = await queue.schedules()
        assert.equal(schedule?.ticks, 3)
        assert.equal(schedule?.nextAtMs, undefined)
        assert.equal(new Set(ran).size, 3)
        const job = await queue.get(ran[0] ?? '')
        assert.equal(job?.schedule, 'often')
        assert.deepEqual(job?.data, { a: 1 })
      }),
  },
  {
    name: 'a schedule is there after a restart; missed ticks make one job',
    async run(driver) {
      await withQueue(driver, async (queue) => {
        await queue.upsertSchedule('kept', { timing: { everyMs: 300 }, name: 'tick', data: {} })
        await queue.pause('tick')
      })
      const stoppedMs = Date.now()
      await new Promise((resolve) => setTimeout(resolve, 2_100))
      await withQueue(driver, async (queue) => {
        const [before] = await queue.schedules()
        assert.equal(before?.id, 'kept')
        const missed = Math.floor((Date.now() - stoppedMs) / 300)
        let runs = 0
        queue.registerHandler('tick', () => {
          runs += 1
        })
        const startedMs = Date.now()
        await queue.resume('tick')
        await until('the missed ones made a job', () => runs > 0)
        assert.equal(await queue.removeSchedule('kept'), true)
        assert.equal(await queue.removeSchedule('kept'), false)
        await queue.drain(soon())
        // One for those that were missed, and one for each tick since; none for each that was missed.
        const since = Math.ceil((Date.now() - startedMs) / 300) + 1
        assert.ok(runs <= 1 + since, `${missed} ticks were missed, and ${runs} jobs made`)
        assert.deepEqual(await queue.schedules(), [])
      })
    },
  },
  {
    name: 'a schedule that is set again with the same timing keeps its next tick',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const timing = { cron: '0 3 * * *', timeZone: 'Europe/Vienna' }
        await queue.upsertSchedule('daily', { timing, name: 'tick', data: 1 })
        const [first] = await queue.schedules()
        const local = new Date(first?.nextAtMs ?? 0).toLocaleTimeString('en-GB', {
          timeZone: 'Europe/Vienna',
        })
        assert.equal(local, '03:00:00')
        await queue.upsertSchedule('daily', { timing, name: 'tick', data: 2 })
        const [second] = await queue.schedules()
        assert.equal(second?.nextAtMs, first?.nextAtMs)
        await queue.upsertSchedule('daily', {
          timing: { ...timing, cron: '0 4 * * *' },
          name: 'tick',
          data: 2,
        })
        const [third, ...others] = await queue.schedules()
        assert.notEqual(third?.nextAtMs, first?.nextAtMs)
        assert.deepEqual(others, [])
      }),
  },
  {
    name: 'a schedule that is set again counts on: it ends after so many ticks in all',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        let ran = 0
        queue.registerHandler('tick', () => {
          ran += 1
        })
        const set = (maxTicks: number) =>
          // Long enough for it to be set before the next tick.
          queue.upsertSchedule('again', { timing: { everyMs: 1_500 }, name: 'tick', data: {}, maxTicks })
        await set(3)
        for (const ticks of [1, 2]) {
          await until(`${ticks} ran`, () => ran >= ticks)
          await set(3)
          // A tick may come meanwhile.
          await until('as many ticks are counted as ran', async () => {
            const [schedule] = await queue.schedules()
            return schedule?.ticks === ran && schedule.maxTicks === 3
          })
        }
        await until('three ran', () => ran === 3)
        const [ended] = await queue.schedules()
        assert.deepEqual([ended?.ticks, ended?.nextAtMs], [3, undefined])
        await set(4)
        await until('four ran', () => ran === 4)
        assert.equal((await queue.schedules())[0]?.ticks, 4)
      }),
  },
  {
    name: 'a schedule that is set to no more ticks than it has made has ended, also under another name',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const ran = { tick: 0, tock: 0, clock: 0 }
        for (const name of ['tick', 'tock', 'clock'] as const) {
          queue.registerHandler(name, () => {
            ran[name] += 1
          })
        }
        const timing = { everyMs: 100 }
        const set = (name: string, maxTicks: number) =>
          queue.upsertSchedule('ends', { timing, name, data: {}, maxTicks })
        await set('tick', 1_000)
        await until('two ran', () => ran.tick >= 2)
        await queue.upsertSchedule('goes-on', { timing, name: 'clock', data: {} })
        for (const name of ['tick', 'tock']) {
          await set(name, 1)
          await queue.drain(soon())
          const before = { ...ran }
          await until('the other ticks', () => ran.clock >= before.clock + 3)
          assert.equal(ran.tick, before.tick)
          assert.equal(ran.tock, 0)
          const schedules = await queue.schedules()
          assert.equal(schedules.length, 2)
          const ended = schedules.find(({ id }) => id === 'ends')
          assert.equal(ended?.nextAtMs, undefined)
          assert.equal(ended?.maxTicks, 1)
          assert.ok((ended?.ticks ?? 0) >= 2)
          assert.equal(ended?.job.name, name)
        }
        await set('tock', 1_000)
        await until('it ticks again', () => ran.tock > 0)
        assert.equal(await queue.removeSchedule('ends'), true)
        await set('tick', 1)
        await queue.removeSchedule('goes-on')
        assert.equal(await queue.removeSchedule('ends'), true)
        assert.equal(await queue.removeSchedule('ends'), false)
        assert.deepEqual(await queue.schedules(), [])
      }),
  },
  {
    name: 'schedules that cannot be are refused',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const job = { name: 'tick', data: {} }
        const bad = [
          { timing: { everyMs: 5 } },
          { timing: { everyMs: Number.NaN } },
          { timing: { cron: 'every day' } },
          { timing: { cron: '0 3 * *' } },
          { timing: { cron: '@daily' } },
          { timing: { cron: '' } },
          { timing: { cron: '0 3 * * *', timeZone: 'Mars/Olympus' } },
          { timing: { everyMs: 1_000 }, maxTicks: 0 },
        ]
        for (const schedule of bad) {
          await assert.rejects(queue.upsertSchedule('bad', { ...job, ...schedule }), hasCode('ERR_SCHEDULE'))
        }
        await assert.rejects(
          queue.upsertSchedule('no good id', { ...job, timing: { everyMs: 1_000 } }),
          hasCode('ERR_SCHEDULE'),
        )
        assert.deepEqual(await queue.schedules(), [])
      }),
  },
  {
    name: 'a job whose time has come waits for its turn as any other',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const hold = gate()
        let runs = 0
        queue.registerHandler(
          'turn',
          async () => {
            runs += 1
            await hold.opened
          },
          { concurrency: 1 },
        )
        await queue.add('turn', {})
        await until('the first runs', () => runs === 1)
        const { id } = await queue.add('turn', {}, { delayMs: 20 })
        await until('its time has come', async () => (await queue.get(id))?.status === 'waiting')
        assert.equal(runs, 1)
        hold.open()
        await queue.waitFor(id, soon())
      }),
  },
]
