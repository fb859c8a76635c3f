import { expect, it } from 'vitest'
import { describeRefusal } from '../src/cli/describe-refusal.ts'

const OWN = { dataDir: '/node', pastelId: 'jXown', network: 'mainnet' }
const address = '/ip4/192.0.2.1/tcp/7124'

it.each([
  ['us', 'not-a-member', 'to let it in: "pmesh members add PASTELID --data /node"'],
  ['them', 'not-a-member', 'this node is no member there: ask its operator for "pmesh members add jXown"'],
  ['them', 'other-network', 'another network, this node to mainnet: see "network" in both configurations'],
  ['us', 'from-the-future', 'its clock is ahead of this one: set both by NTP'],
  ['them', 'expired', "this node's clock is behind its own: set both by NTP"],
] as const)('a refusal by %s for %s says what to do', (by, reason, advice) => {
  const line = describeRefusal({ address, by, reason }, OWN)
  expect(line).toMatch(new RegExp(`^${address}: ${reason} \\(by (this node|the other)\\): `))
  expect(line).toContain(advice)
})

it('where the supernodes are the members, nobody is told to add one', () => {
  const own = { ...OWN, hasCoreMembers: true }
  const line = (by: 'us' | 'them') => describeRefusal({ address, by, reason: 'not-a-member' }, own)
  expect(line('us')).toContain(`it is not ENABLED in this core's list: "pmesh pasteld status --data /node"`)
  for (const by of ['us', 'them'] as const) expect(line(by)).not.toContain('members add')
})

it('a refusal for what this version does not know is told as it is', () => {
  expect(describeRefusal({ address, by: 'them', reason: 'moon' }, OWN)).toBe(
    `${address}: moon (by the other)`,
  )
})
