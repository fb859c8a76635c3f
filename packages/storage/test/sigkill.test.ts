import { messageId } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { createStore } from '../src/index.ts'
import { type Acknowledged, crash, findLosses } from './fixtures/crash.ts'
import { expectExactCounters } from './fixtures/expect-exact-counters.ts'
import { expectSoundChains, expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { Random } from './fixtures/random.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { KILLS } from './fixtures/test-runs.ts'

test('a process killed at any moment, again and again, loses nothing that it acknowledged', async () => {
  const directory = await temporaryFolder()
  const random = new Random('sigkill')
  const acknowledged: Acknowledged[] = []
  for (let round = 0; round < KILLS; round++) {
    const options = {
      directory,
      seed: `sigkill ${round}`,
      sync: true,
      logs: 6,
      inFlight: 4,
      maxBodyBytes: 8192,
    }
    // Some die while they open the database.
    const acknowledgements = round % 4 === 3 ? 0 : random.below(400)
    const recent = await crash({ ...options, acknowledgements })
    acknowledged.push(...recent)
    const store = createStore({ directory })
    await store.start()
    const isLast = round === KILLS - 1
    const order = isLast ? await expectSoundOrder(store) : await expectSoundChains(store)
    expect(findLosses(order, acknowledged)).toEqual([])
    await expectExactCounters(store)
    for (const { log, first, count, position } of isLast ? acknowledged : recent) {
      const found = await store.findMessage(messageId(log, first + count - 1))
      expect(found).toMatchObject({ index: count - 1, stored: { position } })
    }
    await store.stop()
  }
  expect(acknowledged.length).toBeGreaterThan(KILLS * 50)
}, 900_000)
