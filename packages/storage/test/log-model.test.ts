import { decodeLogId, type LogId, type SignedBatch } from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MessageStore } from '../src/index.ts'
import { expectSoundOrder } from './fixtures/expect-sound-order.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

/** How one sender's runs come about: each list is a run, its items the messages of its batches. */
const runs = fc.array(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
})

/** Where a second writer branches off, what it does there, and how far it goes. */
const branches = fc.array(
  fc.record({
    at: fc.nat(30),
    kind: fc.constantFrom('twin', 'restored', 'forged'),
    batches: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 3 },
)

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('offer' as const), which: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('together' as const), which: fc.nat(200) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('giveUp' as const), which: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), which: fc.constant(0) }) },
)

const scenario = fc.record({
  runs,
  branches,
  steps: fc.array(step, { minLength: 10, maxLength: 80 }),
  /** Batches made before this one are older than what is wanted. */
  wantedFrom: fc.option(fc.nat(20), { freq: 4 }),
  endsWithAll: fc.boolean(),
})

/** Everything that one sender ever signed for a channel: what it meant to, and what it should not have. */
async function writeAll(runList: number[][], branchList: { at: number; kind: string; batches: number }[]) {
  const writer = new LogWriter({ identity: 'alice', signed: false })
  const batches: SignedBatch[] = []
  const places: LogWriter[] = []
  for (const [i, run] of runList.entries()) {
    if (i > 0) writer.newRun()
    for (const count of run) {
      places.push(writer.fork())
      batches.push(await writer.write({ count }))
    }
  }
  const honest = new Set(batches)
  for (const [i, { at, kind, batches: count }] of branchList.entries()) {
    const other = (places[at % places.length] as LogWriter).fork()
    // A twin goes on in the same run, as no node of ours does; a restored copy begins one of its own.
    if (kind === 'restored') other.newRun(`restored ${i}`)
    for (let k = 0; k < count; k += 1) {
      const bodies = [Buffer.from(`${kind} ${i}/${k}`)]
      const hasPredecessor = other.next > 0 || kind === 'restored'
      const isForged = kind === 'forged' && k === 0 && hasPredecessor
      const change = isForged ? { previous: new Uint8Array(32).fill(i + 1) } : {}
      batches.push(await other.write({ bodies, change }))
    }
  }
  return { batches, honest }
}

async function settle(store: MessageStore, signed: SignedBatch, wantedSinceMs: number): Promise<string> {
  const placement = await store.place(signed, { wantedSinceMs })
  if ('committed' in placement) await placement.committed
  return placement.status
}

test('the arrival order of a log is explained by the rules, whatever comes, in any order, over restarts', async () => {
  const seen = { held: 0, lost: 0, late: 0, frozen: 0, fork: 0, 'before-history': 0 }
  await fc.assert(
    fc.asyncProperty(scenario, async ({ runs, branches, steps, wantedFrom, endsWithAll }) => {
      const store = await openStore()
      const { batches, honest } = await writeAll(runs, branches)
      const wantedSinceMs =
        wantedFrom === null ? 0 : (batches[wantedFrom % batches.length] as SignedBatch).batch.createdAtMs
      for (const { do: what, which } of steps) {
        const signed = batches[which % batches.length] as SignedBatch
        if (what === 'offer') {
          if ((await settle(store, signed, wantedSinceMs)) === 'held') seen.held += 1
        } else if (what === 'together') {
          const some = [signed, ...batches.slice(which % batches.length), signed]
          await Promise.all(some.map((one) => settle(store, one, wantedSinceMs)))
        } else if (what === 'giveUp') {
          const gaps = await store.gaps(100)
          const gap = gaps[which % Math.max(1, gaps.length)]
          if (gap !== undefined) await store.giveUp(gap, 'denied')
        } else {
          await store.stop()
          await store.start()
        }
        await store.settled()
      }
      await expectSoundOrder(store)
      if (endsWithAll) {
        // Everything that the sender signed comes once more, as often as it takes.
        for (let round = 0; round <= batches.length; round += 1) {
          for (const signed of batches) await settle(store, signed, 0)
          await store.settled()
        }
        await expectSoundOrder(store)
        await expectComplete(store, honest)
      }
      const alerts = store.alerts()
      // A sender that never branched contradicts nothing, and no batch contradicts itself.
      if (branches.length === 0) expect(alerts).toEqual([])
      for (const { kind, log } of alerts) {
        if (kind !== 'frozen') continue
        const [first, second] = await store.evidence(decodeLogId(log))
        if (second !== undefined) expect(Buffer.compare(first as Uint8Array, second)).not.toBe(0)
      }
      seen.frozen += alerts.filter(({ kind }) => kind === 'frozen').length
      seen.fork += alerts.filter(({ kind }) => kind === 'fork').length
      for await (const entry of store.read()) {
        if (entry.kind !== 'batch') seen[entry.kind] += 1
        else if (entry.lostAt !== undefined) seen.late += 1
      }
      await store.stop()
    }),
    { numRuns: PROPERTY_RUNS * 2 },
  )
  // A model that never meets what it is about would explain anything.
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0)
}, 600_000)

/** When all has come, nothing is held, and each honest batch is there once unless its log is frozen. */
async function expectComplete(store: MessageStore, honest: ReadonlySet<SignedBatch>): Promise<void> {
  expect(store.sizes).toMatchObject({ heldBatches: 0, heldBytes: 0 })
  expect(await store.gaps(100)).toEqual([])
  const frozen = new Set<LogId>(
    store
      .alerts()
      .filter(({ kind }) => kind === 'frozen')
      .map(({ log }) => log),
  )
  const there = new Map<string, number>()
  for await (const entry of store.read()) {
    if (entry.kind !== 'batch') continue
    const key = Buffer.from(entry.signed.hash).toString('hex')
    there.set(key, (there.get(key) ?? 0) + 1)
  }
  for (const times of there.values()) expect(times).toBe(1)
  for (const { log, hash } of honest) {
    if (!frozen.has(log)) expect(there.has(Buffer.from(hash).toString('hex'))).toBe(true)
  }
}
