import { describe, expect, it, onTestFinished } from 'vitest'
import type { LinkFault, LinkFaultKind } from '../src/chaos/fault.ts'
import type { ChaosNetwork } from '../src/chaos/network/chaos-network.ts'
import { LoopbackNetwork } from '../src/chaos/network/loopback-network.ts'
import { missingForNamespaces } from '../src/chaos/network/namespace.ts'
import { NamespaceNetwork } from '../src/chaos/network/namespace-network.ts'
import { missingForOwnAddresses } from '../src/chaos/network/own-address.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { NetworkPeer } from './fixtures/network-peer.ts'

const KINDS = [
  {
    name: 'a relay on loopback',
    missing: missingForOwnAddresses(),
    open: async (): Promise<ChaosNetwork> => new LoopbackNetwork({ seed: 1 }),
  },
  {
    name: 'network namespaces',
    missing: missingForNamespaces(),
    open: (): Promise<ChaosNetwork> => NamespaceNetwork.open({ seed: 1, members: 3 }),
  },
]
for (const { missing } of KINDS) if (missing !== undefined) console.warn(missing)

/** More than passes a slow link at once. */
const MANY_BYTES = 64 * 1024

/** Between members 1 and 2. */
function fault(kind: LinkFaultKind, amount?: number): LinkFault {
  const base = { kind, between: [[0], [1]], atMs: 0, durationMs: 0 } as const
  return amount === undefined ? base : { ...base, amount }
}

/** Three members; connections of the second and the third to the first, and of the first to the second. */
async function start(open: () => Promise<ChaosNetwork>) {
  const network = await open()
  onTestFinished(() => network.close())
  const places = []
  for (const member of [0, 1, 2]) places.push(await network.join(member))
  const [one, other, third] = places as [
    (typeof places)[number],
    (typeof places)[number],
    (typeof places)[number],
  ]
  const [first, second, last] = await Promise.all(
    [one, other, third].map((place) => NetworkPeer.start(place)),
  )
  if (first === undefined || second === undefined || last === undefined) throw new Error('no peers')
  const opened = [second.openUntilThere(one), first.openUntilThere(other), last.openUntilThere(one)]
  const [to, back, beside] = await Promise.all(opened)
  if (to === undefined || back === undefined || beside === undefined) throw new Error('no links')
  return { network, second, one, to, back, beside }
}

describe.each(KINDS)('in $name', ({ missing, open }) => {
  it.skipIf(missing !== undefined)('links are silenced, lossy, slow and cut, by pair', async () => {
    const { network, second, one, to, back, beside } = await start(open)
    for (const link of [to, back, beside]) await link.echoes(100)

    // Nothing comes through, in whichever direction it was opened; and all of it when that is over.
    for (const spoilt of [fault('silence'), fault('loss', 1)]) {
      const before = [to.echoed, back.echoed]
      await network.setFaults([spoilt])
      to.write(100)
      back.write(100)
      await beside.echoes(100)
      expect([to.echoed, back.echoed]).toEqual(before)
      await network.setFaults([])
      await waitUntil(() => to.echoed === (before[0] ?? 0) + 100 && back.echoed === (before[1] ?? 0) + 100, {
        what: 'what was held back',
      })
    }

    // It takes at least so long; how much longer is the machine's business. Timers may be a millisecond early.
    for (const [slow, sizeBytes, leastMs] of [
      [fault('delay', 30), 100, 60],
      [fault('throttle', MANY_BYTES), MANY_BYTES, 600],
    ] as const) {
      await network.setFaults([slow])
      for (const link of [to, back]) {
        const beganMs = performance.now()
        await link.echoes(sizeBytes)
        expect(performance.now() - beganMs, slow.kind).toBeGreaterThan(leastMs - 5)
      }
      await network.setFaults([])
    }

    // Of so many some are sent again, for what is lost is not known before so long.
    const links = await Promise.all(Array.from({ length: 16 }, () => second.openUntilThere(one)))
    await network.setFaults([fault('loss', 0.3)])
    const beganMs = performance.now()
    await Promise.all(links.map((link) => link.echoes(100)))
    expect(performance.now() - beganMs).toBeGreaterThan(150)

    await network.setFaults([fault('cut')])
    to.write(100)
    back.write(100)
    await waitUntil(() => to.isClosed && back.isClosed, { what: 'the connections to be closed' })
    const refused = second.open(one)
    await waitUntil(() => refused.isClosed, { what: 'a new connection to be refused' })
    await beside.echoes(100)
    await network.setFaults([])
    await (await second.openUntilThere(one)).echoes(100)
  })
})
