import { describe, expect, it } from 'vitest'
import type { LinkFault, LinkFaultKind } from '../src/chaos/fault.ts'
import { filterRules, rateRules } from '../src/chaos/network/packet-rules.ts'

function fault(kind: LinkFaultKind, between: LinkFault['between'], amount?: number): LinkFault {
  const base = { kind, between, atMs: 0, durationMs: 0 } as const
  return amount === undefined ? base : { ...base, amount }
}

function rulesOf(...faults: readonly LinkFault[]): string[] {
  const lines = filterRules(faults, 3).split('\n')
  return lines.filter((line) => line.startsWith('ip '))
}

describe('rules for packets', () => {
  it('are for the links between the two groups of a fault, in both directions', () => {
    expect(rulesOf(fault('silence', [[0], [1, 2]]))).toEqual([
      'ip saddr 10.77.0.1 ip daddr 10.77.1.2 drop',
      'ip saddr 10.77.0.1 ip daddr 10.77.1.3 drop',
      'ip saddr 10.77.0.2 ip daddr 10.77.1.1 drop',
      'ip saddr 10.77.0.3 ip daddr 10.77.1.1 drop',
      'ip saddr 10.77.1.2 ip daddr 10.77.0.1 drop',
      'ip saddr 10.77.1.3 ip daddr 10.77.0.1 drop',
      'ip saddr 10.77.1.1 ip daddr 10.77.0.2 drop',
      'ip saddr 10.77.1.1 ip daddr 10.77.0.3 drop',
    ])
    expect(rulesOf()).toEqual([])
  })

  it('lose by the chance that is asked for, the greatest of several, once on the way', () => {
    const between = [[0], [1]] as const
    expect(rulesOf(fault('loss', between, 0.05), fault('loss', between, 0.29))).toEqual([
      'ip saddr 10.77.0.1 ip daddr 10.77.1.2 numgen random mod 1000 < 290 drop',
      'ip saddr 10.77.0.2 ip daddr 10.77.1.1 numgen random mod 1000 < 290 drop',
    ])
  })

  it('hold back at the lowest rate, at each end what comes from the other', () => {
    const faults = [fault('throttle', [[0], [1]], 9_000), fault('throttle', [[1], [0, 2]], 20_000)]
    const ratesOf = (member: number) =>
      [...rateRules(faults, member, 3, 'dev0').matchAll(/classid (\S+) htb rate (\S+)/g)].map((found) =>
        found.slice(1),
      )
    expect([0, 1, 2].map(ratesOf)).toEqual([
      [['1:2', '9000bps']],
      [
        ['1:1', '9000bps'],
        ['1:3', '20000bps'],
      ],
      [['1:2', '20000bps']],
    ])
    expect(rateRules([], 0, 3, 'dev0')).toBe('')
    expect(rulesOf(...faults)).toContain('ip saddr 10.77.1.2 ip daddr 10.77.0.1 meta priority set 1:2')
  })
})
