import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createStore } from '../src/index.ts'
import { type Acknowledged, crash, findLosses } from './fixtures/crash.ts'
import { DiskTrace, missingForPowerCuts, traced } from './fixtures/disk-trace.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { Random } from './fixtures/random.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { POWER_CUTS } from './fixtures/test-runs.ts'

// A kill proves nothing about syncing: what a process wrote survives it in the system's memory. So it is run
// under strace, which tells what had been synced when it died, and all else is cut off its files.

const missing = missingForPowerCuts()
if (missing !== undefined) console.warn(missing)

interface Writing {
  readonly sync: boolean
  readonly logs: number
  readonly inFlight: number
}

interface Cut {
  readonly acknowledged: Acknowledged[]
  /** Bytes not synced when the process spoke, for each time it did. */
  readonly unsyncedAtOutput: number[]
}

async function cutPower(folder: string, name: string, writing: Writing): Promise<Cut> {
  const random = new Random(name)
  const directory = join(folder, 'db')
  const traceFile = join(folder, `trace ${name}`)
  const trace = await DiskTrace.begin(directory)
  const acknowledged = await crash({
    ...writing,
    directory,
    seed: name,
    maxBodyBytes: 20_000,
    acknowledgements: 1 + random.below(300),
    under: traced(traceFile),
  })
  await trace.read(traceFile)
  await trace.cutPower(() => random.below(2) === 0)
  return { acknowledged, unsyncedAtOutput: trace.unsyncedAtOutput }
}

async function audit(folder: string, acknowledged: readonly Acknowledged[]): Promise<Acknowledged[]> {
  const store = createStore({ directory: join(folder, 'db') })
  await store.start()
  const order = await expectSoundOrder(store)
  await store.stop()
  return findLosses(order, acknowledged)
}

describe.skipIf(missing !== undefined)('after a power cut', () => {
  test('everything acknowledged is there, cut after cut', async () => {
    const folder = await temporaryFolder()
    const acknowledged: Acknowledged[] = []
    for (let cut = 0; cut < POWER_CUTS; cut++) {
      const writing = { sync: true, logs: 6, inFlight: 4 }
      acknowledged.push(...(await cutPower(folder, `synced ${cut}`, writing)).acknowledged)
      expect(await audit(folder, acknowledged)).toEqual([])
    }
    expect(acknowledged.length).toBeGreaterThan(POWER_CUTS * 10)
  }, 600_000)

  test('acknowledged messages are missing if writing does not wait for the disk', async () => {
    for (let cut = 0; cut < Math.ceil(POWER_CUTS / 3); cut++) {
      const folder = await temporaryFolder()
      const { acknowledged } = await cutPower(folder, `unsynced ${cut}`, {
        sync: false,
        logs: 6,
        inFlight: 4,
      })
      expect(acknowledged.length).toBeGreaterThan(0)
      expect((await audit(folder, acknowledged)).length).toBeGreaterThan(0)
    }
  }, 600_000)
})

describe.skipIf(missing !== undefined)('whenever a process says that something is stored', () => {
  // With one batch on its way at a time, nothing that was written may be unsynced when it is acknowledged.
  const writing = { logs: 1, inFlight: 1 }

  test('it has been synced: the power may be cut at any acknowledgement', async () => {
    const folder = await temporaryFolder()
    for (let cut = 0; cut < POWER_CUTS; cut++) {
      const name = `one by one ${cut}`
      const { acknowledged, unsyncedAtOutput } = await cutPower(folder, name, { sync: true, ...writing })
      expect(unsyncedAtOutput.length).toBeGreaterThanOrEqual(acknowledged.length)
      expect(unsyncedAtOutput.filter((bytes) => bytes > 0)).toEqual([])
    }
  }, 600_000)

  test('it has not been if writing does not wait for the disk', async () => {
    const folder = await temporaryFolder()
    const { unsyncedAtOutput } = await cutPower(folder, 'one by one, unsynced', { sync: false, ...writing })
    expect(unsyncedAtOutput.filter((bytes) => bytes > 0).length).toBeGreaterThan(0)
  }, 600_000)
})
