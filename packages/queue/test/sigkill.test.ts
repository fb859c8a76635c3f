import { expect, test } from 'vitest'
import { Random } from '../../storage/test/fixtures/random.ts'
import {
  allJobs,
  expectAttemptsApart,
  expectOneJobAKey,
  expectOneJobATick,
  expectStepsOnce,
  missing,
  stepsLost,
  withLeft,
} from './fixtures/audit.ts'
import { type CrashOptions, crash, Said } from './fixtures/crash.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { KILLS } from './fixtures/test-runs.ts'

const WRITING = { sync: true, poison: 0, dedupKeys: 40 }

test('jobs of a process killed at any moment, again and again, end as they should, and none is lost', async () => {
  const directory = await temporaryFolder()
  const random = new Random('queue sigkill')
  const said = new Said()
  for (let round = 0; round < KILLS; round += 1) {
    // Some die while they open the database.
    const lines = round % 4 === 3 ? random.below(3) : random.below(400)
    const options: CrashOptions = { ...WRITING, directory, seed: `kill ${round}`, inFlight: 12 }
    await crash({ ...options, killWhen: (so) => so.lines >= lines }, said)
  }
  await crash({ ...WRITING, directory, seed: 'end', inFlight: 0 }, said)
  await withLeft(directory, async (queue) => {
    const jobs = await allJobs(queue)
    expect(missing(jobs, said)).toEqual([])
    const unfinished = jobs.filter(({ status }) => status !== 'done' && status !== 'failed')
    expect(unfinished).toEqual([])
    for (const { status, failure, name, stalls } of jobs) {
      if (status === 'done') continue
      if (name === 'throws' && stalls < 3) expect(failure?.message).toBe('not yet')
      else expect(failure?.code).toBe('ERR_JOB_STALLED')
    }
    // Nothing ended without having been run.
    expect(jobs.filter(({ id, status }) => status === 'done' && !said.runs.has(id))).toEqual([])
    expectOneJobAKey(jobs, said)
    expectStepsOnce(said)
    expect(stepsLost(jobs, said)).toEqual([])
    expectAttemptsApart(said)
    const [schedule] = await queue.schedules()
    expectOneJobATick(jobs, schedule?.ticks ?? -1)
    expect(said.byKey.size).toBeGreaterThan(20)
    expect(said.added.size).toBeGreaterThan(KILLS * 10)
    expect(jobs.some(({ stalls }) => stalls > 0)).toBe(true)
    expect(jobs.filter(({ schedule }) => schedule !== undefined).length).toBeGreaterThan(KILLS / 2)
  })
}, 900_000)

test('a job that kills its process each time is a dead letter, and those that ran beside it are done', async () => {
  const directory = await temporaryFolder()
  const said = new Said()
  let lives = 0
  for (let isOver = false; !isOver; lives += 1) {
    expect(lives).toBeLessThan(10)
    const options: CrashOptions = { ...WRITING, directory, seed: 'poison', inFlight: 0, poison: 1 }
    isOver = await crash({ ...options, mayEnd: true }, said)
  }
  await withLeft(directory, async (queue) => {
    const jobs = await allJobs(queue)
    expect(jobs).toHaveLength(20)
    const failed = jobs.filter(({ status }) => status !== 'done')
    expect(failed).toMatchObject([
      { name: 'poison', status: 'failed', stalls: 3, failure: { code: 'ERR_JOB_STALLED' } },
    ])
    expect(said.runs.get(failed[0]?.id ?? '')).toEqual([1, 2, 3])
  })
  expect(lives).toBe(4)
}, 60_000)
