import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DiskTrace, missingForPowerCuts, traced } from '../../storage/test/fixtures/disk-trace.ts'
import { Random } from '../../storage/test/fixtures/random.ts'
import { allJobs, expectOneJobAKey, missing, stepsLost, withLeft } from './fixtures/audit.ts'
import { crash, Said } from './fixtures/crash.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { POWER_CUTS } from './fixtures/test-runs.ts'

// A kill proves nothing about syncing: what a process wrote survives it in the system's memory. So it is run under
// strace, which tells what had been synced when it died, and all else is cut off its files.

const cannot = missingForPowerCuts()
if (cannot !== undefined) console.warn(cannot)

async function cutPower(folder: string, name: string, sync: boolean, said: Said): Promise<void> {
  const random = new Random(name)
  const directory = join(folder, 'db')
  const traceFile = join(folder, `trace ${name}`)
  const trace = await DiskTrace.begin(directory)
  const lines = 40 + random.below(300)
  await crash(
    {
      directory,
      seed: name,
      sync,
      inFlight: 8,
      poison: 0,
      dedupKeys: 30,
      killWhen: (so) => so.lines >= lines && so.acknowledged > 0,
      under: traced(traceFile),
    },
    said,
  )
  await trace.read(traceFile)
  await trace.cutPower(() => random.below(2) === 0)
}

describe.skipIf(cannot !== undefined)('after a power cut', () => {
  test('every acknowledged job and every kept step is there, cut after cut, and no dedup key has two', async () => {
    const folder = await temporaryFolder()
    const said = new Said()
    for (let cut = 0; cut < POWER_CUTS; cut += 1) {
      await cutPower(folder, `queue synced ${cut}`, true, said)
      await withLeft(join(folder, 'db'), async (queue) => {
        const jobs = await allJobs(queue)
        expect(missing(jobs, said)).toEqual([])
        expect(stepsLost(jobs, said)).toEqual([])
        expectOneJobAKey(jobs, said)
      })
    }
    expect(said.added.size).toBeGreaterThan(POWER_CUTS * 5)
    expect(said.steps.size).toBeGreaterThan(POWER_CUTS)
    // What was left runs to its end.
    const options = { directory: join(folder, 'db'), seed: 'end', sync: true, inFlight: 0, poison: 0 }
    await crash({ ...options, dedupKeys: 1 }, said)
    await withLeft(join(folder, 'db'), async (queue) => {
      const jobs = await allJobs(queue)
      expect(missing(jobs, said)).toEqual([])
      expect(jobs.filter(({ status }) => status !== 'done' && status !== 'failed')).toEqual([])
    })
  }, 600_000)

  test('acknowledged jobs are missing if writing does not wait for the disk', async () => {
    const folder = await temporaryFolder()
    const said = new Said()
    await cutPower(folder, 'queue unsynced', false, said)
    await withLeft(join(folder, 'db'), async (queue) => {
      expect(missing(await allJobs(queue), said).length).toBeGreaterThan(0)
    })
  }, 60_000)
})
