import { expect, it } from 'vitest'
import { missingForNamespaces } from '../src/chaos/network/namespace.ts'
import { missingForOwnAddresses } from '../src/chaos/network/own-address.ts'
import { runChaos } from '../src/chaos/run-chaos.ts'
import { makeSchedule } from '../src/chaos/schedule.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { IS_FULL } from './fixtures/test-runs.ts'

const SEED = 345
const KINDS = ['kill', 'pause', 'away', 'cut', 'silence', 'delay', 'throttle', 'loss'] as const

const missing = missingForNamespaces()
if (missing !== undefined) console.warn(missing)
// Where there are namespaces, the normal form runs in them; the full form runs on loopback, too.
const NETWORKS = [
  {
    where: 'loopback',
    missing: missingForOwnAddresses(),
    hasNamespaces: false,
    isWanted: IS_FULL || missing !== undefined,
  },
  { where: 'network namespaces', missing, hasNamespaces: true, isWanted: true },
].filter(({ isWanted }) => isWanted)

for (const { where, missing, hasNamespaces } of NETWORKS) {
  it.skipIf(missing !== undefined)(
    `on ${where}, members that are killed, paused, away and cut off lose nothing, show nothing twice, and end in order`,
    async () => {
      const said: string[] = []
      const schedule = makeSchedule({
        seed: SEED,
        durationMs: 12_000,
        members: 4,
        kinds: KINDS,
        retention: false,
      })
      const folder = await temporaryFolder()
      const result = await runChaos(
        { schedule, seed: SEED, folder, hasNamespaces, syncIntervalMs: 500, messagesPerSecond: 10 },
        { say: (line) => said.push(line) },
      )
      expect(result.problems, said.join('\n')).toEqual([])
      expect(result).toMatchObject({ lostExplained: 0, lostUnexplained: 0, doubles: 0, disorder: 0 })
      expect(result.delivered).toBeGreaterThan(result.accepted)
      expect(Object.keys(result.faults)).toEqual(expect.arrayContaining(['kill', 'pause', 'away']))
    },
    300_000,
  )
}
