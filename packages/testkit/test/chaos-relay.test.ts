import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import type { LinkFault, LinkFaultKind } from '../src/chaos/fault.ts'
import { LinkRelay } from '../src/chaos/link-relay.ts'
import { addressOfMember, missingForOwnAddresses } from '../src/chaos/own-address.ts'
import { Random } from '../src/chaos/random.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'

/** A relay before member 0, which echoes, and a connection of each of some others. */
async function relayTo(members: readonly number[]) {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const relay = new LinkRelay({ random: new Random(1) })
  const port = await relay.listen(0, (server.address() as AddressInfo).port)
  onTestFinished(async () => {
    await relay.close()
    server.close()
  })
  const open = async (member: number) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress: addressOfMember(member) })
    let echoed = 0
    socket.on('error', () => {}).on('data', (chunk) => (echoed += chunk.length))
    await once(socket, 'connect')
    return { socket, echoed: () => echoed }
  }
  return { relay, open, ends: await Promise.all(members.map(open)) }
}

function fault(kind: LinkFaultKind, amount?: number): LinkFault {
  const base = { kind, between: [[0], [1]], atMs: 0, durationMs: 0 } as const
  return amount === undefined ? base : { ...base, amount }
}

function closed(socket: Socket): Promise<unknown> {
  return waitUntil(() => socket.destroyed, { what: 'the connection to be closed' })
}

it.skipIf(missingForOwnAddresses() !== undefined)('links are cut, silenced and slowed by pair', async () => {
  const { relay, open, ends } = await relayTo([1, 2])
  const [one, other] = ends as [(typeof ends)[number], (typeof ends)[number]]
  const echoes = async (end: typeof one, count: number) => {
    end.socket.write(Buffer.alloc(100))
    await waitUntil(() => end.echoed() === count, { what: `${count} bytes to come back` })
  }
  await echoes(one, 100)

  const silence = fault('silence')
  relay.begin(silence)
  one.socket.write(Buffer.alloc(100))
  await echoes(other, 100)
  expect(one.echoed()).toBe(100)
  relay.end(silence)
  await waitUntil(() => one.echoed() === 200, { what: 'what was held back' })

  // It takes at least so long, 100 bytes in each direction; how much longer is the machine's business.
  for (const [slow, leastMs] of [
    [fault('delay', 30), 60],
    [fault('throttle', 5_000), 40],
  ] as const) {
    relay.begin(slow)
    const beganMs = performance.now()
    await echoes(one, one.echoed() + 100)
    // Timers may be a millisecond early.
    expect(performance.now() - beganMs).toBeGreaterThan(leastMs - 5)
    relay.end(slow)
  }

  const cut = fault('cut')
  relay.begin(cut)
  await closed(one.socket)
  await closed((await open(1)).socket)
  await echoes(other, other.echoed() + 100)
  relay.end(cut)
  await echoes(await open(1), 100)
})
