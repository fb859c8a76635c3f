import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../src/mesh/wait-until.ts'
import type { PasteldEmulatorOptions } from '../src/pasteld-emulator/options.ts'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { ask, call } from './fixtures/emulated-rpc.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function start(options: Partial<PasteldEmulatorOptions> = {}): Promise<PasteldEmulator> {
  const emulator = await startPasteldEmulator({ supernodes: 2, latency: 0, ...options })
  onTestFinished(() => emulator.stop())
  return emulator
}

const core = (emulator: PasteldEmulator, index: number) => emulator.supernodes[index] as EmulatedSupernode

/** Texts of a core's message list. */
async function textsOf(supernode: EmulatedSupernode): Promise<string[]> {
  const list = (await supernode.messages()) as Record<string, { Message: string }>[]
  return list.flatMap(Object.values).map(({ Message }) => Message)
}

it('while it warms up each call is answered with -28', async () => {
  const emulator = await start({ warmUpMs: 3_600_000 })
  const { status, json } = await call(core(emulator, 0), 'getinfo')
  expect([status, json.error]).toEqual([500, { code: -28, message: 'Loading block index...' }])
  expect((await call(core(emulator, 0), 'getnothing')).json.error?.code).toBe(-28)
  await core(emulator, 0).restart(300)
  expect((await call(core(emulator, 0), 'getinfo')).json.error?.code).toBe(-28)
  await waitUntil(async () => (await call(core(emulator, 0), 'getinfo')).status === 200, {
    what: 'the core has warmed up',
  })
})

it('a restart answers what is worked on, refuses the rest with 503, and loses and doubles nothing', async () => {
  const emulator = await start({ latency: { minMs: 5, maxMs: 60 }, seed: 3 })
  const [from, to] = [core(emulator, 0), core(emulator, 1)]
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  onTestFinished(() => agent.destroy())
  const carried: string[] = []
  const outcomes = new Set<string>()
  let next = 0
  /** Sends again what was certainly not carried: that is what 503, -28 and a refused connection mean. */
  const sendSome = async () => {
    while (next < 200) {
      next += 1
      const text = `message ${next}`
      await waitUntil(
        async () => {
          const sent = call(from, 'masternode', ['message', 'send', to.publicKey, text], { agent })
          const outcome = await sent.then(
            ({ status, json }) => `${json.error?.code ?? status}`,
            (error: NodeJS.ErrnoException) => error.code ?? 'failed',
          )
          outcomes.add(outcome)
          return outcome === '200'
        },
        { what: `${text} was sent`, everyMs: 5 },
      )
      carried.push(text)
    }
  }
  const sending = Promise.all(Array.from({ length: 20 }, sendSome))
  for (const part of [40, 110]) {
    await waitUntil(() => carried.length > part, { what: `${part} are sent`, everyMs: 1 })
    await from.restart(300)
  }
  await sending
  expect((await textsOf(to)).sort()).toEqual(carried.sort())
  expect(outcomes).toContain('503')
  expect(outcomes).toContain('-28')
  // A connection that was closed between two calls may be met as well; nothing that hides what became of a call.
  for (const outcome of outcomes)
    expect(['200', '503', '-28', 'ECONNREFUSED', 'ECONNRESET']).toContain(outcome)
})

it('once stopped it refuses connections; messages, keys and login are those of before after a restart', async () => {
  const emulator = await start()
  const [from, to] = [core(emulator, 0), core(emulator, 1)]
  await call(from, 'masternode', ['message', 'send', to.publicKey, 'kept'])
  const before = await to.messages()
  await to.stop()
  await to.stop()
  await expect(call(to, 'getinfo')).rejects.toThrow('ECONNREFUSED')
  await to.start()
  await to.start()
  expect(await ask(to, 'masternode', 'message', 'list')).toEqual(before)
  expect(await ask(to, 'pastelid', 'sign', 'x', to.pastelId, to.passphrase)).toMatchObject({
    signature: expect.any(String),
  })
})

it('a crash breaks connections, and what was worked on is not done', async () => {
  const emulator = await start({ latencyOf: { 'masternode message send': 500, getinfo: 500 } })
  const [from, to] = [core(emulator, 0), core(emulator, 1)]
  const sent = call(from, 'masternode', ['message', 'send', to.publicKey, 'never'])
  const failed = expect(sent).rejects.toThrow(/ECONNRESET|socket hang up/)
  await waitUntil(async () => (await from.calls())['masternode message send'] !== undefined, {
    what: 'the core works on it',
  })
  await from.crash()
  await failed
  await expect(call(from, 'getinfo')).rejects.toThrow('ECONNREFUSED')
  await from.start()
  // Takes as long as what was worked on.
  expect((await call(from, 'getinfo')).status).toBe(200)
  expect(await to.messages()).toEqual([])
})

it('after SIGKILL of the process all cores go on where they were', async () => {
  const emulator = await start({ seed: 9 })
  const [from, to] = [core(emulator, 0), core(emulator, 1)]
  await call(from, 'masternode', ['message', 'send', to.publicKey, 'kept'])
  await to.setStatus('EXPIRED')
  await emulator.kill()
  await expect(call(to, 'getinfo')).rejects.toThrow('ECONNREFUSED')
  await expect(to.messages()).rejects.toThrow('has ended')
  await emulator.startAgain()
  expect(await textsOf(to)).toEqual(['kept'])
  const full = (await ask(from, 'masternodelist', 'full')) as Record<string, string>
  expect(full[to.outpoint]?.trim().startsWith('EXPIRED')).toBe(true)
  expect(await ask(to, 'pastelid', 'sign', 'x', to.pastelId, to.passphrase)).toMatchObject({
    signature: expect.any(String),
  })
})

it('its process ends with the one that started it', async () => {
  const main = fileURLToPath(new URL('./fixtures/start-emulator.ts', import.meta.url))
  const parent = spawn(process.execPath, ['--conditions=source', main, await temporaryFolder()], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const pid = Number(line)
  expect(process.kill(pid, 0)).toBe(true)
  parent.kill('SIGKILL')
  await waitUntil(() => !isRunning(pid), { what: 'the emulator has ended' })
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
