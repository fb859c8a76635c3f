import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'
import type { PasteldEmulatorOptions } from '../src/pasteld-emulator/options.ts'
import {
  type EmulatedSupernode,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { call } from './fixtures/emulated-rpc.ts'

async function startCore(options: Partial<PasteldEmulatorOptions> = {}): Promise<EmulatedSupernode> {
  const emulator = await startPasteldEmulator({ supernodes: 1, latency: 0, ...options })
  onTestFinished(() => emulator.stop())
  return emulator.supernodes[0] as EmulatedSupernode
}

it('works on four calls at a time, keeps 512, and refuses more with HTTP 500 and plain text', async () => {
  const core = await startCore({ latencyOf: { getinfo: 3_600_000 } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1000 })
  onTestFinished(() => agent.destroy())
  const refused: string[] = []
  const ask = (method: string) =>
    call(core, method, [], { agent }).then(
      ({ status, text }) => refused.push(`${status} ${text}`),
      () => 'broken',
    )
  const first = Array.from({ length: 4 }, () => ask('getinfo'))
  await waitUntil(async () => (await core.calls()).getinfo?.calls === 4, { what: 'the threads are taken' })
  const more = Array.from({ length: 600 }, () => ask('getblockcount'))
  await waitUntil(() => refused.length === 600 - 512, { what: 'all others are refused' })
  await core.crash()
  const ends = await Promise.all([...first, ...more])
  expect(ends.filter((end) => end === 'broken')).toHaveLength(4 + 512)
  expect(new Set(refused)).toEqual(new Set(['500 Work queue depth exceeded']))
  expect(await core.calls()).toEqual({ getinfo: { calls: 4, failed: 4 } })
})

it('what waits is worked on in its turn', async () => {
  const core = await startCore({ rpcThreads: 1, workQueueDepth: 3, latencyOf: { getinfo: 100 } })
  const slow = call(core, 'getinfo')
  await waitUntil(async () => (await core.calls()).getinfo?.calls === 1, { what: 'the thread is taken' })
  const answers = await Promise.all([slow, ...Array.from({ length: 3 }, () => call(core, 'getblockcount'))])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
})

it('a wrong password takes a thread for its 250 ms', async () => {
  const core = await startCore({ rpcThreads: 1 })
  const wrong = () => call(core, 'getinfo', [], { authorization: 'Basic x' })
  const before = performance.now()
  await Promise.all([wrong(), wrong(), wrong()])
  expect(performance.now() - before).toBeGreaterThanOrEqual(3 * 249)
})

it('each call takes from 10 to 400 ms unless it is told otherwise, the same for the same seed', async () => {
  const { Latencies } = await import('../src/pasteld-emulator/latency.ts')
  const draw = (seed: number) => {
    const latencies = new Latencies({ latencyOf: { 'pastelid sign': 25 } }, seed)
    return Array.from({ length: 1000 }, () => latencies.next('getinfo'))
  }
  expect(Math.min(...draw(1))).toBe(10)
  expect(Math.max(...draw(1))).toBe(400)
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
})

it('calls of one method can take as long as is said, in their thread', async () => {
  const core = await startCore({ latencyOf: { 'pastelid sign': 25 }, rpcThreads: 1 })
  const sign = () => call(core, 'pastelid', ['sign', 'x', core.pastelId, core.passphrase, 'ed448'])
  const before = performance.now()
  await Promise.all([sign(), sign(), sign(), sign()])
  expect(performance.now() - before).toBeGreaterThanOrEqual(99)
  expect(await core.calls()).toEqual({ 'pastelid sign': { calls: 4, failed: 0 } })
})

it('closes a connection on which nothing moves, but not one whose call it works on', async () => {
  const core = await startCore({ serverTimeoutMs: 300, latencyOf: { getinfo: 1000 } })
  const idle = connect(Number(new URL(core.url).port), '127.0.0.1')
  const half = connect(Number(new URL(core.url).port), '127.0.0.1')
  half.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{')
  const order: string[] = []
  const closed = [idle, half].map(async (socket) => {
    await once(socket.resume(), 'close')
    order.push('closed')
  })
  const { status } = await call(core, 'getinfo')
  order.push('answered')
  await Promise.all(closed)
  expect(status).toBe(200)
  expect(order).toEqual(['closed', 'closed', 'answered'])
})

it('counts calls by their names, and keeps nothing of what was in them', async () => {
  const core = await startCore()
  await call(core, 'masternode', ['message', 'list'])
  await call(core, 'pastelid', ['sign', 'x', core.pastelId, 'wrong', 'ed448'])
  await call(core, core.passphrase, [core.passphrase, core.passphrase])
  await call(core, 'pastelid', [core.passphrase])
  expect(await core.calls()).toEqual({
    'masternode message list': { calls: 1, failed: 0 },
    pastelid: { calls: 1, failed: 1 },
    'pastelid sign': { calls: 1, failed: 1 },
    unknown: { calls: 1, failed: 1 },
  })
})
