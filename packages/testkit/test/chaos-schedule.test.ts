import { describe, expect, it } from 'vitest'
import { isLinkFault } from '../src/chaos/fault.ts'
import { FAULT_KINDS, makeSchedule } from '../src/chaos/schedule.ts'

const OPTIONS = { durationMs: 10 * 60_000, members: 6 }

describe('the schedule of faults', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(makeSchedule({ ...OPTIONS, seed: 7 })).toEqual(makeSchedule({ ...OPTIONS, seed: 7 }))
    expect(makeSchedule({ ...OPTIONS, seed: 7 })).not.toEqual(makeSchedule({ ...OPTIONS, seed: 8 }))
  })

  it('has every kind of fault, within the run, and only those that are asked for', () => {
    const { faults } = makeSchedule({ ...OPTIONS, seed: 1 })
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
    for (const { atMs } of faults) expect(atMs).toBeLessThan(OPTIONS.durationMs)
    const some = makeSchedule({ ...OPTIONS, seed: 1, kinds: ['kill', 'loss'] })
    expect(new Set(some.faults.map(({ kind }) => kind))).toEqual(new Set(['kill', 'loss']))
  })

  it.each([3, 4, 5, 8])('gives each of %i members topics, and each topic several members', (members) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { plans, faults } = makeSchedule({ ...OPTIONS, members, seed })
      const joined = plans.flatMap(({ topics }) => topics)
      for (const { topics } of plans) expect(topics.length).toBeGreaterThan(0)
      for (const topic of new Set(joined)) {
        expect(joined.filter((other) => other === topic).length).toBeGreaterThan(1)
      }
      for (const fault of faults.filter(isLinkFault)) {
        const [one, other] = fault.between
        expect(one.length * other.length).toBeGreaterThan(0)
        expect(one.some((member) => other.includes(member))).toBe(false)
      }
    }
  })
})
