import type { MeshNode } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { receivedBy } from './fixtures/bridged-node.ts'
import { idOf, looked, startListedBridges } from './fixtures/listed-bridge.ts'
import { waitUntil } from './fixtures/testkit.ts'

const DAY_MS = 24 * 60 * 60_000

function secondsAgo(ms: number): number {
  return Math.floor((Date.now() - ms) / 1000)
}

test('a message that cannot be stored ends the look, nothing else, and comes with a later one', async () => {
  const { bridged, list, entry, start, errors } = await startListedBridges()
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', onUnhandled)
  onTestFinished(() => {
    process.off('unhandledRejection', onUnhandled)
  })
  const { node } = bridged
  let isFull = true
  let tries = 0
  const bringIn: MeshNode['bringIn'] = async (message) => {
    tries += 1
    if (isFull) throw new Error('no disk is left')
    return node.bringIn(message)
  }
  list(Array.from({ length: 50 }, (_, i) => entry(i)))
  const bridge = await start({ pollMs: 200 }, { node: () => ({ bringIn, registry: node.registry }) })
  await waitUntil(() => bridge.status().problem, { what: 'the problem' })
  expect(bridge.status().problem?.message).toBe('no disk is left')
  expect(tries).toBe(1)
  await looked(bridge)
  expect(unhandled).toEqual([])
  expect(errors.map(({ message }) => message)).toEqual(['no disk is left'])
  isFull = false
  await waitUntil(() => bridge.status().takenIn === 50, { what: 'the messages' })
  expect(await receivedBy(bridged)).toHaveLength(50)
  await waitUntil(() => bridge.status().problem === undefined, { what: 'the problem to be gone' })
})

test('thousands of messages in one look take few values, also while they come', async () => {
  const { bridged, list, entry, start } = await startListedBridges()
  const { values } = bridged.store
  let ones = 0
  let most = 0
  const node: Pick<MeshNode, 'bringIn' | 'registry'> = {
    registry: bridged.node.registry,
    bringIn: async ({ values: changes = [] }) => {
      await values.write(changes)
      ones += 1
      most = Math.max(most, ones)
      return {} as Awaited<ReturnType<MeshNode['bringIn']>>
    },
  }
  const counted: typeof values = {
    read: (prefix) => values.read(prefix),
    write: async (changes) => {
      await values.write(changes)
      ones -= changes.filter(({ value }) => value === undefined).length
    },
  }
  list(Array.from({ length: 1_300 }, (_, i) => entry(i)))
  const bridge = await start(
    { senderRate: { burst: 10_000, perSecond: 1 } },
    { node: () => node, values: counted },
  )
  await waitUntil(() => bridge.status().takenIn === 1_300, { what: 'the messages', timeoutMs: 15_000 })
  expect(most).toBeLessThanOrEqual(1_024 + 64)
})

test('when no more can be remembered the rest is left, and it goes on when what is remembered is old', async () => {
  const { bridged, list, entry, start, errors } = await startListedBridges()
  const time = Buffer.alloc(8)
  const old = Date.now() - 2 * DAY_MS
  time.writeDoubleBE(old)
  for (let lot = 0; lot < 128; lot += 1) {
    const records = Array.from({ length: 1_024 }, (_, i) => {
      const hash = Buffer.alloc(16)
      hash.writeUInt32BE(lot * 1_024 + i)
      return Buffer.concat([hash, time])
    })
    const name = `pasteld-in/many/${String(lot).padStart(4, '0')}`
    await bridged.store.values.write([{ name, value: Buffer.concat(records) }])
  }
  const ones = Array.from({ length: 1_000 }, (_, i) => ({
    name: `pasteld-in/one/${idOf(10_000 + i)}`,
    value: time,
  }))
  await bridged.store.values.write(ones)
  list(Array.from({ length: 100 }, (_, i) => entry(i)))
  const bridge = await start()
  await waitUntil(() => bridge.status().problem, { what: 'the problem', timeoutMs: 15_000 })
  expect(bridge.status().problem?.message).toMatch(/more messages .* than can be remembered/)
  expect(errors).toHaveLength(1)
  const { takenIn } = bridge.status()
  expect(takenIn).toBeGreaterThanOrEqual(24)
  expect(takenIn).toBeLessThanOrEqual(24 + 64)
  await bridge.stop()
  // What is remembered is older than what is taken in now.
  const next = await start({ obsoleteMs: DAY_MS / 2 })
  await waitUntil(() => next.status().takenIn === 100 - takenIn, { what: 'the rest', timeoutMs: 15_000 })
  expect(next.status().problem).toBeUndefined()
})

test('what was forgotten as too old does not come again when older messages are taken in', async () => {
  const { bridged, list, entry, start } = await startListedBridges()
  const before = entry(1, { timestamp: secondsAgo(2 * DAY_MS) })
  list([before])
  const first = await start({ obsoleteMs: 3 * DAY_MS })
  await waitUntil(() => first.status().takenIn === 1, { what: 'the message' })
  await first.stop()
  const shorter = await start({ obsoleteMs: DAY_MS / 2 })
  await looked(shorter)
  await waitUntil(() => shorter.status().remembered === 0, { what: 'the id to be forgotten' })
  await shorter.stop()
  list([before, entry(2, { timestamp: secondsAgo(DAY_MS) })])
  const longer = await start({ obsoleteMs: 7 * DAY_MS })
  await waitUntil(() => longer.status().takenIn === 1, { what: 'the other message' })
  await looked(longer)
  expect(longer.status().takenIn).toBe(1)
  expect(await receivedBy(bridged)).toHaveLength(2)
})

test('an id that is listed twice comes in once', async () => {
  const { bridged, list, entry, start } = await startListedBridges()
  list([entry(1), entry(1), entry(2)])
  const bridge = await start()
  await waitUntil(() => bridge.status().takenIn >= 2, { what: 'the messages' })
  await looked(bridge)
  expect(bridge.status().takenIn).toBe(2)
  expect(await receivedBy(bridged)).toHaveLength(2)
})

test('a supernode that sends too many holds up no other, and the rest of its own comes later', async () => {
  const { list, entry, start } = await startListedBridges()
  list(Array.from({ length: 12 }, (_, i) => entry(i)))
  const bridge = await start({ senderRate: { burst: 5, perSecond: 4 } })
  await waitUntil(() => bridge.status().takenIn === 5, { what: 'as many as it may' })
  await waitUntil(() => bridge.status().deferred > 0, { what: 'the others to be left' })
  await waitUntil(() => bridge.status().takenIn === 12, { what: 'the others' })
  await waitUntil(() => bridge.status().deferred === 0, { what: 'nothing to be left' })
})

test('what is dated too far ahead comes when its time is near, and what is too old is counted once', async () => {
  const { list, entry, start } = await startListedBridges()
  list([entry(1, { timestamp: secondsAgo(-2 * DAY_MS) }), entry(2, { timestamp: secondsAgo(9 * DAY_MS) })])
  const bridge = await start()
  await looked(bridge)
  expect(bridge.status().refused).toMatchObject({ ahead: 1, obsolete: 1, malformed: 0 })
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1.5 * DAY_MS })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  await waitUntil(() => bridge.status().takenIn === 1, { what: 'the message' })
  expect(bridge.status().refused).toMatchObject({ ahead: 1, obsolete: 1 })
})
