import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { MASTERNODE_KEY_PREFIX } from '../src/secrets.ts'
import { ask, call } from './fixtures/emulated-rpc.ts'

let emulator: PasteldEmulator
const core = (index = 0) => emulator.supernodes[index] as EmulatedSupernode
const list = async (mode: string) => (await ask(core(), 'masternodelist', mode)) as Record<string, unknown>

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: 3, listedOnly: 12, latency: 0, seed: 5 })
})
afterAll(() => emulator.stop())

it('masternodelist full: a line for each outpoint, in columns that are padded with spaces', async () => {
  const full = await list('full')
  expect(Object.keys(full)).toHaveLength(15)
  for (const [outpoint, line] of Object.entries(full)) {
    expect(outpoint).toMatch(/^[0-9a-f]{64}-\d$/)
    expect(line).toMatch(
      /^ {11}ENABLED 170009 Pt[1-9A-HJ-NP-Za-km-z]{33} \d{10} [ \d]{8,} [ \d]{10} [ \d]{6} [\d.]+:19933$/,
    )
  }
  // Whoever splits at each single space gets empty columns.
  expect(Object.values(full).some((line) => / {2}\d/.test(String(line)))).toBe(true)
})

it('masternodelist rank: a number for each that is enabled, another with other blocks', async () => {
  const ranks = await list('rank')
  expect(Object.values(ranks).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 15 }, (_, index) => index + 1),
  )
  await emulator.mine(3)
  expect(await list('rank')).not.toEqual(ranks)
})

it('masternodelist pubkey: the masternode public keys, uncompressed', async () => {
  const keys = await list('pubkey')
  expect(keys[core().outpoint]).toBe(core().publicKey)
  for (const key of Object.values(keys)) expect(key).toMatch(/^04[0-9a-f]{128}$/)
})

it('masternodelist extra: addresses, and the PastelID', async () => {
  expect((await list('extra'))[core().outpoint]).toEqual({
    extAddress: '10.77.0.1:14444',
    extP2P: '10.77.0.1:14445',
    extKey: core().pastelId,
    extCfg: '',
    eligibleForMining: true,
  })
})

it('masternodelist: a filter keeps what has the text; an unknown mode is an error', async () => {
  const found = await ask(core(), 'masternodelist', 'full', core(1).outpoint)
  expect(Object.keys(found as object)).toEqual([core(1).outpoint])
  expect((await call(core(), 'masternodelist', ['everything'])).json.error?.code).toBe(-1)
})

it('masternode top: the ten best of a block, by its height, the rank a text', async () => {
  const height = Number(await ask(core(), 'getblockcount'))
  const top = (await ask(core(), 'masternode', 'top')) as Record<string, Record<string, unknown>[]>
  expect(Object.keys(top)).toEqual([String(height)])
  const best = top[String(height)] ?? []
  expect(best.map(({ rank }) => rank)).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 1)))
  const ranks = await list('rank')
  expect(best.map(({ outpoint }) => ranks[String(outpoint)])).toEqual(best.map(({ rank }) => Number(rank)))
  expect(Object.keys(best[0] ?? {})).toEqual(
    'rank IP:port protocol outpoint payee lastseen activeseconds extAddress extP2P extKey extCfg eligibleForMining'.split(
      ' ',
    ),
  )
  const earlier = await ask(core(), 'masternode', 'top', height - 1)
  expect(Object.keys(earlier as object)).toEqual([String(height - 1)])
  expect((await call(core(), 'masternode', ['top', height + 1])).json.error).toEqual({
    code: -8,
    message: 'Block height out of range',
  })
})

it('masternode status: which one it is', async () => {
  expect(await ask(core(), 'masternode', 'status')).toMatchObject({
    outpoint: core().outpoint,
    service: '10.77.0.1:19933',
    payee: expect.stringMatching(/^Pt/),
    extKey: core().pastelId,
    extAddress: '10.77.0.1:14444',
    extP2P: '10.77.0.1:14445',
    eligibleForMining: true,
    status: expect.any(String),
  })
})

it('masternode list-conf: with a private key that can be found in logs', async () => {
  const { masternode } = (await ask(core(), 'masternode', 'list-conf')) as {
    masternode: Record<string, unknown>
  }
  expect(masternode.privateKey).toBe(core().masternodePrivateKey)
  expect(core().masternodePrivateKey.startsWith(MASTERNODE_KEY_PREFIX)).toBe(true)
})

it('getinfo', async () => {
  expect(await ask(core(), 'getinfo')).toMatchObject({
    version: expect.any(Number),
    protocolversion: 170_009,
    blocks: await ask(core(), 'getblockcount'),
    connections: 14,
    chain: 'test',
    errors: '',
  })
})

it('what the network knows of a masternode changes while it runs', async () => {
  const changed = await startPasteldEmulator({ supernodes: 3, listedOnly: 1, latency: 0 })
  onTestFinished(() => changed.stop())
  const [first, second, third] = changed.supernodes as [
    EmulatedSupernode,
    EmulatedSupernode,
    EmulatedSupernode,
  ]
  const listed = async (mode: string) => (await ask(first, 'masternodelist', mode)) as Record<string, unknown>
  await second.setStatus('PRE_ENABLED')
  await third.change({ status: 'POSE_BAN', extKey: '', extP2P: '127.0.0.1:4001' })
  await changed.change(3, { isListed: false })
  const lines = await listed('full')
  expect(Object.keys(lines)).toHaveLength(3)
  expect(String(lines[second.outpoint]).startsWith('       PRE_ENABLED 170009')).toBe(true)
  expect(String(lines[third.outpoint]).trimStart().startsWith('POSE_BAN')).toBe(true)
  expect((await listed('extra'))[third.outpoint]).toMatchObject({ extKey: '', extP2P: '127.0.0.1:4001' })
  expect(await listed('rank')).toEqual({ [first.outpoint]: 1 })
  await first.change({ warning: 'the clock is wrong', isMasternode: false })
  expect(await ask(first, 'getinfo')).toMatchObject({ errors: 'the clock is wrong' })
  expect((await call(first, 'masternode', ['status'])).json.error).toEqual({
    code: -32603,
    message: 'This is not a masternode',
  })
})

it('the same seed gives the same supernodes, another one others', async () => {
  const [same, others] = await Promise.all(
    [5, 6].map((seed) => startPasteldEmulator({ supernodes: 3, latency: 0, seed })),
  )
  const identities = (of: PasteldEmulator | undefined) =>
    of?.supernodes.map(({ outpoint, publicKey, pastelId }) => ({ outpoint, publicKey, pastelId }))
  expect(identities(same)).toEqual(identities(emulator))
  expect(identities(others)).not.toEqual(identities(emulator))
  expect(same?.supernodes[0]?.passphrase).not.toBe(core().passphrase)
  await Promise.all([same?.stop(), others?.stop()])
})
