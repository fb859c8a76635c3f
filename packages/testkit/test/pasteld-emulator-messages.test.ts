import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { ask, call } from './fixtures/emulated-rpc.ts'

interface Entry {
  readonly From: string
  readonly To: string
  readonly Timestamp: number
  readonly Message: string
}

let emulator: PasteldEmulator
const core = (index: number) => emulator.supernodes[index] as EmulatedSupernode
const send = (from: number, to: number, text: string) =>
  call(core(from), 'masternode', ['message', 'send', core(to).publicKey, text])
const list = async (index: number) =>
  (await ask(core(index), 'masternode', 'message', 'list')) as Record<string, Entry>[]
const texts = async (index: number) =>
  (await list(index)).flatMap(Object.values).map(({ Message }: Entry) => Message)

beforeEach(async () => {
  emulator = await startPasteldEmulator({ supernodes: 3, listedOnly: 1, latency: 0 })
})
afterEach(() => emulator.stop())

it('send answers null, and the recipient alone has it in its list, under an id', async () => {
  const before = Math.floor(Date.now() / 1000)
  const { status, json } = await send(0, 1, 'hello, wörld "\n"')
  expect([status, json.result]).toEqual([200, null])
  const [entry, ...more] = await list(1)
  expect(more).toEqual([])
  const [[id, message] = []] = Object.entries(entry ?? {})
  expect(id).toMatch(/^[0-9a-f]{64}$/)
  expect(message).toEqual({
    From: core(0).outpoint,
    To: core(1).outpoint,
    Timestamp: expect.any(Number),
    Message: 'hello, wörld "\n"',
  })
  expect(message?.Timestamp).toBeGreaterThanOrEqual(before)
  expect(await list(0)).toEqual([])
  expect(await list(2)).toEqual([])
})

it('each send is a new message with an id of its own; the list has all, ordered by them', async () => {
  for (let count = 0; count < 20; count += 1) await send(0, 2, 'the same')
  const ids = (await list(2)).flatMap(Object.keys)
  expect(new Set(ids).size).toBe(20)
  expect(ids).toEqual([...ids].sort())
  await send(1, 2, 'one more')
  const later = (await list(2)).flatMap(Object.keys)
  expect(later).toHaveLength(21)
  expect(later).toEqual(expect.arrayContaining(ids))
  expect(await list(2)).toEqual(await core(2).messages())
})

it('refuses with the texts of a core', async () => {
  const errorOf = async (publicKey: string) =>
    (await call(core(0), 'masternode', ['message', 'send', publicKey, 'x'])).json.error
  expect(await errorOf('not hex')).toEqual({ code: -32603, message: 'Invalid Masternode Public Key' })
  expect(await errorOf(`04${'00'.repeat(64)}`)).toEqual({ code: -1, message: 'Unknown Masternode' })
  await core(1).change({ isListed: false })
  expect(await errorOf(core(1).publicKey)).toEqual({ code: -1, message: 'Unknown Masternode' })
  await core(1).change({ isListed: true })
  await core(0).change({ isSynced: false })
  expect(await errorOf(core(1).publicKey)).toEqual({
    code: -1,
    message: 'Masternode list must be synced to create message',
  })
  await core(0).change({ isMasternode: false })
  expect(await errorOf(core(1).publicKey)).toEqual({
    code: -32603,
    message: 'This is not a masternode - only Masternode can send/sign messages',
  })
  expect((await call(core(0), 'masternode', ['message', 'list'])).json.error?.code).toBe(-32603)
  expect((await call(core(1), 'masternode', ['message', 'send'])).json.error?.code).toBe(-1)
  expect((await call(core(1), 'masternode', ['message'])).json.error?.code).toBe(-8)
})

it('carries nothing to its sender, and nothing of more than 2 MiB, and says neither', async () => {
  const before = [await list(0), await list(1)]
  const longest = 'x'.repeat(2 * 1024 * 1024)
  expect((await send(0, 0, 'to myself')).json).toMatchObject({ result: null, error: null })
  expect((await send(0, 1, `${longest}x`)).json).toMatchObject({ result: null, error: null })
  expect([await list(0), await list(1)]).toEqual(before)
  await send(0, 1, longest)
  expect(await texts(1)).toContain(longest)
})

it('what is sent to a core that is not running never comes', async () => {
  await core(2).stop()
  expect((await send(0, 2, 'while it was away')).json).toMatchObject({ result: null, error: null })
  await core(2).start(3_600_000)
  await send(0, 2, 'while it was warming up')
  await core(2).restart(0)
  await send(0, 2, 'after that')
  expect(await texts(2)).toContain('after that')
  expect(await texts(2)).not.toContain('while it was away')
  expect(await texts(2)).not.toContain('while it was warming up')
})

it('entries can be put into a list that no core sent: fees, unknown senders, garbage', async () => {
  const unknown = `${'f'.repeat(64)}-0`
  await core(1).inject({ message: { from: core(0).outpoint, text: '5000' } })
  await core(1).inject({ message: { from: core(0).outpoint, text: '0 5000' } })
  await core(1).inject({ message: { from: unknown, to: unknown, text: 'x', timestamp: 7 } })
  for (const entry of [null, 7, 'text', [], {}, { id: 7 }, { id: { From: 1 } }])
    await core(1).inject({ entry })
  expect(await texts(1).catch(() => [])).toEqual([])
  const raw = JSON.stringify(await ask(core(1), 'masternode', 'message', 'list'))
  for (const part of [
    '"Message":"5000"',
    '"Message":"0 5000"',
    `"From":"${unknown}"`,
    'null',
    '"text"',
    '{"id":7}',
  ]) {
    expect(raw).toContain(part)
  }
})
