import { expect, test } from 'vitest'
import { clientOf } from './fixtures/client.ts'
import { type CoreAnswer, startCore } from './fixtures/scripted-core.ts'
import { waitUntil } from './fixtures/testkit.ts'

/** A core that keeps every call until it is told to answer one. */
async function slowCore() {
  const waiting: (() => void)[] = []
  const core = await startCore(
    (call) =>
      new Promise<CoreAnswer>((resolve) => waiting.push(() => resolve({ result: call.params[0] ?? 7 }))),
  )
  return { core, waiting }
}

test('thirty calls are made at a time, the others wait in their order', async () => {
  const { core, waiting } = await slowCore()
  const client = clientOf(core)
  const calls = Array.from({ length: 40 }, (_, index) => client.call('x', [index]))
  await waitUntil(() => waiting.length === 30, { what: 'thirty calls' })
  for (let done = 0; done < 40; done += 1) {
    await waitUntil(() => waiting.length > 0, { what: 'a call' })
    expect(core.calls.length - done).toBeLessThanOrEqual(30)
    waiting.shift()?.()
  }
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 40 }, (_, index) => index))
  expect(core.calls.slice(30).map(({ params }) => params[0])).toEqual([
    30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
  ])
})

test('who comes when too many wait is told so; who waits too long, or gives up, leaves its place to others', async () => {
  const { core, waiting } = await slowCore()
  const client = clientOf(core, { concurrency: 1, maxWaiting: 2 })
  const first = client.blockCount()
  await waitUntil(() => waiting.length === 1, { what: 'the first call' })
  const controller = new AbortController()
  const given = client.blockCount({ signal: controller.signal })
  const late = client.sendMessage('04', 'text', { timeoutMs: 50 })
  await expect(client.blockCount()).rejects.toMatchObject({ code: 'ERR_PASTELD_BUSY' })
  controller.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  // It was not sent, so nothing is uncertain.
  await expect(late).rejects.toMatchObject({ code: 'ERR_PASTELD_TIMEOUT' })
  const last = client.blockCount()
  waiting.shift()?.()
  expect(await first).toBe(7)
  await waitUntil(() => waiting.length === 1, { what: 'the last call' })
  waiting.shift()?.()
  expect(await last).toBe(7)
  expect(core.calls).toHaveLength(2)
})

test('large requests that wait are bounded together', async () => {
  const { core, waiting } = await slowCore()
  const client = clientOf(core, { concurrency: 1 })
  const large = 'x'.repeat(30_000_000)
  const calls = [client.call('x', [1, large]), client.call('x', [2, large])]
  await expect(client.call('x', [3, large])).rejects.toMatchObject({ code: 'ERR_PASTELD_BUSY' })
  for (const call of calls) {
    await waitUntil(() => waiting.length === 1, { what: 'a call' })
    waiting.shift()?.()
    await call
  }
  expect(core.calls).toHaveLength(2)
})

test('connections are used again by what is asked, and never by a message', async () => {
  const core = await startCore(() => ({ result: 7 }))
  const client = clientOf(core)
  for (let round = 0; round < 3; round += 1) {
    await client.blockCount()
    await client.sendMessage('04', 'text')
  }
  expect(new Set(core.callsOf('getblockcount').map(({ connection }) => connection)).size).toBe(1)
  expect(new Set(core.callsOf('masternode').map(({ connection }) => connection)).size).toBe(3)
})

test('a message that waits for a core which starts again is sent once', async () => {
  const core = await startCore(() => ({ result: null }))
  const client = clientOf(core)
  await client.blockCount().catch(() => undefined)
  await core.stop()
  const sent = client.sendMessage('04', 'text')
  await core.start()
  await sent
  expect(core.callsOf('masternode')).toHaveLength(1)
})
