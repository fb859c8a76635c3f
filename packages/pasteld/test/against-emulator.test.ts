import { join } from 'node:path'
import { type PastelId, parsePastelId, verifySignature } from '@pastel-mesh/identity'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import {
  createPasteldClient,
  createPasteldRegistry,
  createPasteldSigner,
  createSupernodeDirectory,
  findPasteldConfig,
  type PasteldClient,
} from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
  waitUntil,
} from './fixtures/testkit.ts'

let emulator: PasteldEmulator
beforeAll(async () => {
  emulator = await startPasteldEmulator({
    supernodes: [{ auth: 'password' }, { auth: 'cookie' }],
    listedOnly: 2,
    latency: { minMs: 0, maxMs: 20 },
    workQueueDepth: 8,
  })
})
afterAll(() => emulator.stop())

const first = () => emulator.supernodes[0] as EmulatedSupernode
const second = () => emulator.supernodes[1] as EmulatedSupernode
const pastelIdOf = (supernode: EmulatedSupernode): PastelId => parsePastelId(supernode.pastelId)

/** A client as an operator makes it: from the core's own settings. */
async function clientOf(supernode: EmulatedSupernode): Promise<PasteldClient> {
  const config = await findPasteldConfig({ conf: supernode.confPath })
  expect(config.url).toBe(supernode.url)
  const client = createPasteldClient(config)
  onTestFinished(() => client.close())
  return client
}

test('each call, by password and by cookie', async () => {
  for (const supernode of emulator.supernodes) {
    const client = await clientOf(supernode)
    const info = await client.info()
    expect(await client.blockCount()).toBe(info.blocks)
    expect(await client.masternodeStatus()).toMatchObject({
      outpoint: supernode.outpoint,
      extKey: supernode.pastelId,
    })
    expect(await client.pastelIds()).toEqual([supernode.pastelId])
    const [full, ranks, keys, extra] = await Promise.all([
      client.listFull(),
      client.listRanks(),
      client.listPublicKeys(),
      client.listExtra(),
    ])
    for (const list of [full, ranks, keys, extra]) expect(list.size).toBe(4)
    expect(keys.get(supernode.outpoint)).toBe(supernode.publicKey)
    const top = await client.top()
    expect(top.map(({ rank }) => rank)).toEqual(top.map((_, index) => index + 1))
    expect(top).toContainEqual(
      expect.objectContaining({ outpoint: supernode.outpoint, extKey: supernode.pastelId }),
    )
  }
})

test('a message goes from core to core, and is listed once', async () => {
  const [from, to] = [await clientOf(first()), await clientOf(second())]
  await from.sendMessage(second().publicKey, 'zażółć 🦋')
  const received = await waitUntil(
    async () => (await to.listMessages()).filter(({ text }) => text === 'zażółć 🦋'),
    { what: 'the message' },
  )
  expect(received).toMatchObject([{ from: first().outpoint, to: second().outpoint }])
  await expect(from.sendMessage('04ab', 'text')).rejects.toMatchObject({ code: 'ERR_PASTELD_RPC' })
})

test('a message of which nobody knows whether it was sent is not sent again', async () => {
  const [from, to] = [await clientOf(first()), await clientOf(second())]
  const sent = async (text: string) =>
    (await to.listMessages()).filter((message) => message.text === text).length
  for (const how of ['lost', 'cut-off', 'not-json'] as const) {
    await first().inject({ method: 'masternode message send', how })
    await expect(from.sendMessage(second().publicKey, how)).rejects.toMatchObject({
      code: 'ERR_PASTELD_UNCERTAIN',
    })
    await waitUntil(async () => (await sent(how)) === 1, { what: 'the message' })
  }
  await first().inject({ method: 'masternode message send', how: 'silent' })
  const silent = from.sendMessage(second().publicKey, 'silent', { timeoutMs: 500 })
  await expect(silent).rejects.toMatchObject({ code: 'ERR_PASTELD_UNCERTAIN' })
  const { 'masternode message send': counted } = await first().calls()
  await first().inject({ method: 'masternode message list', how: 'reset', times: 2 })
  expect(await from.listMessages()).toBeInstanceOf(Array)
  // Nothing was sent behind anybody's back.
  expect((await first().calls())['masternode message send']).toEqual(counted)
})

test('a core that starts again is waited for while it warms up, and its new cookie is read', async () => {
  const client = await clientOf(second())
  await client.blockCount()
  await second().stop()
  const asked = client.blockCount()
  const sent = client.sendMessage(first().publicKey, 'after the restart')
  await second().start(1_500)
  await expect(client.blockCount({ waitForCore: false })).rejects.toMatchObject({
    code: 'ERR_PASTELD_WARMING_UP',
  })
  expect(await asked).toBeGreaterThan(0)
  await sent
  const other = await clientOf(first())
  const received = await waitUntil(
    async () => (await other.listMessages()).filter(({ text }) => text === 'after the restart'),
    { what: 'the message' },
  )
  expect(received).toHaveLength(1)
})

test('more calls than its work queue takes are all answered', async () => {
  const client = await clientOf(first())
  const heights = await Promise.all(Array.from({ length: 60 }, () => client.blockCount()))
  expect(new Set(heights).size).toBe(1)
})

test('the PastelID of the core signs, and what is wrong with it is told', async () => {
  const client = await clientOf(first())
  const { passphrase } = first()
  const pastelId = pastelIdOf(first())
  const signer = createPasteldSigner({ pastelId, passphrase }, { client })
  await signer.check()
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`)
  const signatures = await Promise.all(texts.map((text) => signer.sign(text)))
  for (const [index, signature] of signatures.entries()) {
    expect(await verifySignature(signer.publicKey, `text ${index}`, signature)).toBe(true)
    expect(await client.verify(`text ${index}`, signature, pastelId)).toBe(true)
    expect(await client.verify('another text', signature, pastelId)).toBe(false)
  }
  const wrong = createPasteldSigner({ pastelId, passphrase: 'wrong' }, { client })
  await expect(wrong.check()).rejects.toMatchObject({ code: 'ERR_PASTELD_PASSPHRASE' })
  const foreign = createPasteldSigner({ pastelId: pastelIdOf(second()), passphrase }, { client })
  await expect(foreign.check()).rejects.toMatchObject({ code: 'ERR_PASTELD_KEY' })
})

test('members follow the lists of the network, also through a restart and while the core is down', async () => {
  const folder = await temporaryFolder()
  const options = { path: join(folder, 'supernodes.json'), refreshMs: 50 }
  const directory = createSupernodeDirectory(options, { client: await clientOf(first()) })
  onTestFinished(() => directory.stop())
  await directory.start()
  expect(directory).toMatchObject({ skipped: 0, problem: undefined })
  expect(directory.supernodes()).toHaveLength(4)
  expect(directory.local()).toMatchObject({ outpoint: first().outpoint, pastelId: first().pastelId })

  const registry = createPasteldRegistry({ historyPath: join(folder, 'history'), always: [] }, { directory })
  onTestFinished(() => registry.stop())
  await registry.start()
  const isMember = () => registry.memberAt(pastelIdOf(second()), Date.now()) !== undefined
  expect(registry.members()).toHaveLength(4)
  expect(registry.addressHints()).toHaveLength(4)
  await second().setStatus('NEW_START_REQUIRED')
  await waitUntil(() => !isMember(), { what: 'that it left' })
  await first().stop()
  await waitUntil(() => directory.problem, { what: 'a problem' })
  expect(registry.members()).toHaveLength(3)
  await second().setStatus('ENABLED')
  await first().start(200)
  await waitUntil(() => isMember(), { what: 'that it is back' })
  expect(directory.problem).toBeUndefined()
})
