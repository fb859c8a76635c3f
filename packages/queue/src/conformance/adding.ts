import assert from 'node:assert/strict'
import { type ConformanceCase, hasCode, soon, until, withQueue } from './conformance-case.ts'

export const addingCases: ConformanceCase[] = [
  {
    name: 'a job runs with its data, and its result is kept',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        queue.registerHandler('double', ({ data }) => (data as { n: number }).n * 2)
        const { id, isDuplicate } = await queue.add('double', { n: 21 })
        assert.equal(isDuplicate, false)
        assert.equal(await queue.waitFor(id, soon()), 42)
        const job = await queue.get(id)
        assert.equal(job?.status, 'done')
        assert.deepEqual(job?.data, { n: 21 })
        assert.equal(job?.result, 42)
        assert.ok((job?.finishedAtMs ?? 0) >= (job?.startedAtMs ?? Number.POSITIVE_INFINITY))
      }),
  },
  {
    name: '50 concurrent adds survive a restart',
    async run(driver) {
      await withQueue(driver, async (queue) => {
        await Promise.all(Array.from({ length: 50 }, (_, n) => queue.add('later', { n })))
      })
      await withQueue(driver, async (queue) => {
        const seen: number[] = []
        queue.registerHandler('later', ({ data }) => {
          seen.push((data as { n: number }).n)
        })
        await until('all 50 ran', () => seen.length >= 50)
        await queue.drain(soon())
        assert.deepEqual(
          seen.sort((a, b) => a - b),
          Array.from({ length: 50 }, (_, n) => n),
        )
      })
    },
  },
  {
    name: 'jobs run by priority, those of one priority the older first',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        await queue.pause()
        const priorities = [0, 50, -50, 0, 50]
        for (const [index, priority] of priorities.entries())
          await queue.add('ordered', { index }, { priority })
        const order: number[] = []
        queue.registerHandler(
          'ordered',
          ({ data }) => {
            order.push((data as { index: number }).index)
          },
          { concurrency: 1 },
        )
        await queue.resume()
        await until('all ran', () => order.length === priorities.length)
        assert.deepEqual(order, [1, 4, 0, 3, 2])
      }),
  },
  {
    name: 'a dedup key makes one job, as long as the job is known',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const [first, ...others] = await Promise.all(
          Array.from({ length: 10 }, () => queue.add('once', {}, { dedupKey: 'key' })),
        )
        const all = [first, ...others]
        assert.equal(new Set(all.map((added) => added?.id)).size, 1)
        assert.equal(all.filter((added) => added?.isDuplicate === false).length, 1)
        let runs = 0
        queue.registerHandler('once', () => {
          runs += 1
        })
        const id = first?.id ?? ''
        await queue.waitFor(id, soon())
        assert.deepEqual(await queue.add('once', {}, { dedupKey: 'key' }), { id, isDuplicate: true })
        const other = await queue.add('once', {}, { dedupKey: 'other' })
        assert.equal(other.isDuplicate, false)
        await queue.remove(id)
        const again = await queue.add('once', {}, { dedupKey: 'key' })
        assert.equal(again.isDuplicate, false)
        await queue.waitFor(again.id, soon())
        await queue.waitFor(other.id, soon())
        assert.equal(runs, 3)
      }),
  },
  {
    name: 'addMany adds all, and one job for two of one dedup key',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const added = await queue.addMany([
          { name: 'many', data: 1, options: { dedupKey: 'a' } },
          { name: 'many', data: 2 },
          { name: 'many', data: 3, options: { dedupKey: 'a' } },
        ])
        assert.equal(added.length, 3)
        assert.equal(added[2]?.id, added[0]?.id)
        assert.deepEqual(
          added.map(({ isDuplicate }) => isDuplicate),
          [false, false, true],
        )
        assert.equal((await queue.counts()).get('many')?.waiting, 2)
      }),
  },
  {
    name: 'whatever JSON can say comes through',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        queue.registerHandler('echo', ({ data }) => data as never)
        const all = [
          null,
          false,
          0,
          '',
          'a\u0000b \ud800 \u2028 \u{1f600}',
          [],
          {},
          { '': [{ __proto__: null }] },
          1e300,
        ]
        for (const data of all) {
          const { id } = await queue.add('echo', data)
          assert.deepEqual(await queue.waitFor(id, soon()), JSON.parse(JSON.stringify(data)))
        }
        const added = await queue.addMany(all.map((data) => ({ name: 'echo', data })))
        const results = await Promise.all(added.map(({ id }) => queue.waitFor(id, soon())))
        assert.deepEqual(results, JSON.parse(JSON.stringify(all)))
      }),
  },
  {
    name: 'what cannot be is refused before anything is stored',
    run: (driver) =>
      withQueue(driver, async (queue) => {
        const circle: { self?: unknown } = {}
        circle.self = circle
        const cases: [string, Parameters<typeof queue.add>][] = [
          ['ERR_JOB_NAME', ['no name', {}]],
          ['ERR_JOB_NAME', ['', {}]],
          ['ERR_JOB_DATA', ['bad', circle]],
          ['ERR_JOB_DATA', ['bad', () => {}]],
          ['ERR_JOB_DATA', ['bad', 'x'.repeat(600_000)]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { priority: 101 }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { priority: 0.5 }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { delayMs: -1 }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { delayMs: Number.NaN }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { delayMs: 1, runAt: new Date() }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { runAt: new Date('never') }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { expiresAt: 1 }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { timeoutMs: 0 }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { dedupKey: '' }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { dedupKey: 'x'.repeat(201) }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { retry: { attempts: 0 } }]],
          ['ERR_JOB_OPTIONS', ['bad', {}, { retry: { attempts: 2, jitter: 2 } }]],
        ]
        for (const [code, args] of cases)
          await assert.rejects(queue.add(...args), hasCode(code), JSON.stringify(args[2]))
        await assert.rejects(
          queue.addMany([
            { name: 'bad', data: 1 },
            { name: 'bad', data: 1, options: { priority: 1000 } },
          ]),
          hasCode('ERR_JOB_OPTIONS'),
        )
        assert.deepEqual([...(await queue.counts()).keys()], [])
      }),
  },
  {
    name: 'a bookmark is kept with the jobs it was added with',
    async run(driver) {
      await withQueue(driver, async (queue) => {
        assert.equal(await queue.bookmark('place'), undefined)
        await queue.addMany([{ name: 'marked', data: 1, options: { dedupKey: 'm1' } }], {
          name: 'place',
          value: '17',
        })
        await queue.addMany([], { name: 'place', value: '18' })
      })
      await withQueue(driver, async (queue) => {
        assert.equal(await queue.bookmark('place'), '18')
        assert.equal((await queue.counts()).get('marked')?.waiting, 1)
      })
    },
  },
]
