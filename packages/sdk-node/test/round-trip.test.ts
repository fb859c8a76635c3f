import type { Connection } from '@libp2p/interface'
import { describe, expect, test } from 'vitest'
import { RoundTrip } from '../src/connection/round-trip.ts'
import { RoundTripMeter } from '../src/connection/round-trip-meter.ts'
import { connect, startNode } from './fixtures/nodes.ts'
import { waitUntil } from './fixtures/testkit.ts'

describe('a round trip', () => {
  test('is smoothed by an eighth, and its jitter by a sixteenth of each change', () => {
    const roundTrip = new RoundTrip()
    expect(roundTrip).toMatchObject({ roundTripMs: undefined, jitterMs: undefined })
    roundTrip.add(80)
    expect(roundTrip).toMatchObject({ roundTripMs: 80, jitterMs: undefined })
    roundTrip.add(96)
    expect(roundTrip).toMatchObject({ roundTripMs: 82, jitterMs: 1 })
    roundTrip.add(64)
    expect(roundTrip).toMatchObject({ roundTripMs: 79.75, jitterMs: 1 + (32 - 1) / 16 })
  })
})

describe('the meter', () => {
  const connection = {} as Connection

  test('pings a connection twice at first, then once, and never side by side', async () => {
    const answers: (() => void)[] = []
    const ping = async () => {
      await new Promise<void>((resolve) => answers.push(resolve))
      return answers.length * 10
    }
    const meter = new RoundTripMeter({ connections: () => [], ping })
    const first = meter.measure(connection)
    await meter.measure(connection)
    expect(answers).toHaveLength(1)
    answers[0]?.()
    await waitUntil(() => answers.length === 2, { what: 'the second ping' })
    expect(meter.of(connection)).toEqual({ roundTripMs: 10 })
    answers[1]?.()
    await first
    expect(meter.of(connection)).toEqual({ roundTripMs: 11.25, jitterMs: 0.625 })
    const third = meter.measure(connection)
    answers[2]?.()
    await third
    expect(answers).toHaveLength(3)
  })

  test('knows nothing of a connection that does not answer', async () => {
    const ping = async () => {
      throw new Error('closed')
    }
    const meter = new RoundTripMeter({ connections: () => [], ping })
    await meter.measure(connection)
    expect(meter.of(connection)).toEqual({})
  })
})

test('a node tells the round-trip time and the jitter of each peer', async () => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map((identity) => startNode({ identity })))
  if (alice === undefined || bob === undefined) throw new Error('no nodes')
  await connect(alice, bob)
  for (const { node } of [alice, bob]) {
    const peer = await waitUntil(() => node.peers().find(({ jitterMs }) => jitterMs !== undefined), {
      what: 'a peer to be measured',
    })
    expect(peer.roundTripMs).toBeGreaterThan(0)
    expect(peer.jitterMs).toBeGreaterThanOrEqual(0)
  }
})
