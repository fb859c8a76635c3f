import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { call } from './fixtures/emulated-rpc.ts'

const METHOD = 'masternode message send'

let emulator: PasteldEmulator
const core = (index: number) => emulator.supernodes[index] as EmulatedSupernode
const send = (text: string) => call(core(0), 'masternode', ['message', 'send', core(1).publicKey, text])
const isCarried = async (text: string) => JSON.stringify(await core(1).messages()).includes(`"${text}"`)

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: 2, latency: 0 })
})
afterAll(() => emulator.stop())

it.each([
  ['reset', false],
  ['lost', true],
  ['cut-off', true],
] as const)('an answer that is %s: the connection breaks, and it was carried: %s', async (how, isDone) => {
  await core(0).inject({ method: METHOD, how })
  await expect(send(how)).rejects.toThrow(/ECONNRESET|hang up|aborted/)
  expect(await isCarried(how)).toBe(isDone)
  expect((await send(`after ${how}`)).status).toBe(200)
})

it('an answer that is no JSON', async () => {
  await core(0).inject({ method: METHOD, how: 'not-json', times: 2 })
  for (const text of ['first', 'second']) {
    const { status, text: answer } = await send(text)
    expect([status, answer]).toEqual([200, '<html><body>not JSON</body></html>'])
    expect(await isCarried(text)).toBe(true)
  }
  expect((await send('third')).json.error).toBe(null)
})

it('an answer that never comes', async () => {
  await core(0).inject({ method: METHOD, how: 'silent' })
  const answers: string[] = []
  const silent = send('silent').then(
    () => answers.push('silent'),
    () => answers.push('broken'),
  )
  await send('answered')
  expect(answers).toEqual([])
  expect(await isCarried('silent')).toBe(true)
  await core(0).crash()
  await silent
  await core(0).start()
  expect(answers).toEqual(['broken'])
})

it('an error instead of the answer: it is not done, and other methods go on', async () => {
  await core(0).inject({ method: METHOD, how: { code: -28, message: 'Verifying blocks...' } })
  expect((await call(core(0), 'getblockcount')).status).toBe(200)
  expect((await send('refused')).json.error).toEqual({ code: -28, message: 'Verifying blocks...' })
  expect(await isCarried('refused')).toBe(false)
})
