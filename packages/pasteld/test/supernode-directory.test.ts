import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSupernodeDirectory, type SupernodeDirectoryOptions } from '../src/index.ts'
import { clientOf } from './fixtures/client.ts'
import { type ListingCore, listed, pastelIdOf, startListingCore } from './fixtures/listing-core.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { waitUntil } from './fixtures/testkit.ts'

const newPath = async () => join(await temporaryFolder(), 'supernodes.json')

async function newDirectory(core: ListingCore, options: Partial<SupernodeDirectoryOptions> = {}) {
  const path = options.path ?? (await newPath())
  // Only what a test asks for is read, unless it says otherwise.
  const directory = createSupernodeDirectory(
    { refreshMs: 3_600_000, ...options, path },
    { client: clientOf(core) },
  )
  onTestFinished(() => directory.stop())
  return { directory, path }
}

const outpointsOf = (supernodes: readonly { outpoint: string }[]) =>
  supernodes.map(({ outpoint }) => outpoint)

test('the lists of the core, and each supernode by what names it', async () => {
  const [one, two] = [listed(1), listed(2, { status: 'EXPIRED' })]
  const core = await startListingCore(two, one)
  core.local = one.outpoint
  const { directory } = await newDirectory(core)
  expect(directory.supernodes()).toEqual([])
  expect(directory.readAtMs).toBeUndefined()

  const before = Date.now()
  await directory.start()
  expect(outpointsOf(directory.supernodes())).toEqual([one.outpoint, two.outpoint])
  expect(directory.readAtMs).toBeGreaterThanOrEqual(before)
  expect(directory.problem).toBeUndefined()
  expect(directory.local()).toMatchObject({ outpoint: one.outpoint, pastelId: one.pastelId, rank: 1 })
  expect(directory.byOutpoint(two.outpoint)).toMatchObject({ status: 'EXPIRED' })
  expect(directory.byPastelId(two.pastelId)).toMatchObject({ outpoint: two.outpoint })
  const { publicKey = '' } = directory.byOutpoint(two.outpoint) ?? {}
  expect(directory.byPublicKey(publicKey.toLowerCase())).toMatchObject({ outpoint: two.outpoint })
  expect(directory.byOutpoint('x-0')).toBeUndefined()
  expect(directory.byPastelId(pastelIdOf('nobody'))).toBeUndefined()
  expect(directory.byPublicKey('')).toBeUndefined()
})

test('of several with one PastelID the one that is enabled counts, then the better rank', async () => {
  const pastelId = pastelIdOf('one identity')
  const core = await startListingCore(
    listed(1, { pastelId, status: 'EXPIRED', rank: 1 }),
    listed(2, { pastelId, rank: 9 }),
    listed(3, { pastelId, rank: 5 }),
  )
  const { directory } = await newDirectory(core)
  await directory.start()
  expect(directory.byPastelId(pastelId)).toMatchObject({ rank: 5 })
})

test('it is read again and again, and tells when something differs', async () => {
  const core = await startListingCore(listed(1))
  const { directory } = await newDirectory(core, { refreshMs: 20 })
  let changes = 0
  directory.onChange(() => {
    changes += 1
  })
  await directory.start()
  expect(changes).toBe(1)
  // Seen again is nothing new, but what it is seen at is shown.
  core.list = [listed(1, { lastSeen: 1_700_000_999 })]
  await waitUntil(() => directory.supernodes()[0]?.lastSeen === 1_700_000_999, { what: 'the next reading' })
  expect(changes).toBe(1)
  core.list = [listed(1, { rank: 4 }), listed(2)]
  await waitUntil(() => directory.supernodes().length === 2, { what: 'two supernodes' })
  await waitUntil(() => changes === 2, { what: 'a change' })
  core.local = listed(2).outpoint
  await waitUntil(() => changes === 3, { what: 'that the core is one of them' })
  expect(directory.local()).toMatchObject({ outpoint: listed(2).outpoint })
})

test('a core that is down leaves the last list, and a problem since then', async () => {
  const core = await startListingCore(listed(1))
  const { directory } = await newDirectory(core, { refreshMs: 20 })
  await directory.start()
  const before = Date.now()
  await core.stop()
  const { message, sinceMs } = await waitUntil(() => directory.problem, { what: 'a problem' })
  expect(message).toContain('ECONNREFUSED')
  expect(sinceMs).toBeGreaterThanOrEqual(before)
  const { readAtMs } = directory
  await expect(directory.refresh()).rejects.toMatchObject({ code: 'ERR_PASTELD_UNREACHABLE' })
  expect(directory).toMatchObject({ readAtMs, problem: { sinceMs } })
  expect(directory.supernodes()).toHaveLength(1)
  await core.start()
  await waitUntil(() => directory.problem === undefined, { what: 'the core again' })
  expect(directory.readAtMs).toBeGreaterThanOrEqual(before)
})

test('after a restart without the core the last list is there, with its age; the core then has nothing new', async () => {
  const core = await startListingCore(listed(1), listed(2))
  const { directory: first, path } = await newDirectory(core)
  await first.start()
  await first.stop()
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  await core.stop()

  const { directory: second } = await newDirectory(core, { path })
  let changes = 0
  second.onChange(() => {
    changes += 1
  })
  await second.start()
  expect(second.supernodes()).toEqual(first.supernodes())
  expect(second.readAtMs).toBe(first.readAtMs)
  expect(second.problem?.message).toContain('no connection')
  expect(second.byPastelId(listed(2).pastelId)).toMatchObject({ rank: 2 })
  await core.start()
  await second.refresh()
  expect(second.problem).toBeUndefined()
  expect(changes).toBe(0)
})

test('a kept list that is damaged is told of, and replaced', async () => {
  const core = await startListingCore(listed(1))
  await core.stop()
  const path = await newPath()
  for (const text of [
    '{"version":1',
    '[]',
    '{"version":2}',
    '{"version":1,"readAtMs":1,"supernodes":[{}]}',
  ]) {
    await writeFile(path, text)
    const { directory } = await newDirectory(core, { path })
    await directory.start()
    expect(directory.supernodes()).toEqual([])
    await directory.stop()
  }
  await core.start()
  const { directory } = await newDirectory(core, { path })
  await directory.start()
  expect(directory.problem).toBeUndefined()
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1, supernodes: [{ rank: 1 }] })
})

test('a clock that was ahead does not keep a list young', async () => {
  const core = await startListingCore(listed(1))
  const { directory: first, path } = await newDirectory(core)
  await first.start()
  await first.stop()
  const kept = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...kept, readAtMs: Date.now() + 86_400_000 }))
  await core.stop()
  const { directory } = await newDirectory(core, { path })
  await directory.start()
  expect(directory.readAtMs).toBeLessThanOrEqual(Date.now())
})

test('a list that cannot be kept is shown all the same, and kept when that works again', async () => {
  const core = await startListingCore(listed(1))
  const path = await newPath()
  await mkdir(path)
  const { directory } = await newDirectory(core, { path })
  await directory.start()
  expect(directory.supernodes()).toHaveLength(1)
  expect(directory.problem?.message).toContain(path)
  await rm(path, { recursive: true })
  await directory.refresh()
  expect(directory.problem).toBeUndefined()
  expect((await stat(path)).isFile()).toBe(true)
})

test('a core that was just started and lists little is not believed at once', async () => {
  const all = Array.from({ length: 12 }, (_, index) => listed(index + 1))
  const core = await startListingCore(...all)
  const { directory } = await newDirectory(core, { shrinkMs: 100 })
  await directory.start()
  core.list = []
  await expect(directory.refresh()).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
  core.list = all.slice(0, 5)
  await expect(directory.refresh()).rejects.toThrow('5 supernodes')
  expect(directory.supernodes()).toHaveLength(12)
  expect(directory.problem).toBeDefined()
  // What a network really loses stays lost.
  await waitUntil(() => directory.refresh().then(() => true), { what: 'the shorter list' })
  expect(directory.supernodes()).toHaveLength(5)
  core.list = []
  const isOldProblem = async () => {
    await directory.refresh().catch(() => {})
    return Date.now() - (directory.problem?.sinceMs ?? Date.now()) > 200
  }
  await waitUntil(isOldProblem, { what: 'that it stays empty for longer than that' })
  expect(directory.supernodes()).toHaveLength(5)
})

test('who leaves one after the other is gone at once; PastelIDs that all are missing are not', async () => {
  const core = await startListingCore(listed(1), listed(2), listed(3))
  const { directory } = await newDirectory(core)
  await directory.start()
  core.list = [listed(1)]
  await directory.refresh()
  expect(directory.supernodes()).toHaveLength(1)
  core.list = [listed(1, { pastelId: '' as never })]
  await expect(directory.refresh()).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
  expect(directory.byPastelId(listed(1).pastelId)).toBeDefined()
})

test('a core that hangs keeps it neither from starting nor from stopping', async () => {
  const core = await startListingCore(listed(1))
  const { script } = core
  core.script = () => 'silence'
  const { directory } = await newDirectory(core, { firstReadMs: 50 })
  await directory.start()
  expect(directory.readAtMs).toBeUndefined()
  await directory.stop()
  // Its end is no problem of the core's.
  expect(directory.problem).toBeUndefined()
  await expect(directory.refresh()).rejects.toMatchObject({ code: 'ERR_STOPPED' })

  const { directory: hasty } = await newDirectory(core)
  const starting = hasty.start()
  await waitUntil(() => core.calls.length === 10, { what: 'the calls' })
  await hasty.stop()
  await starting
  core.script = script
  await hasty.start()
  expect(hasty.supernodes()).toHaveLength(1)
})

test('readings that are asked for at one time are made once, and a caller may give up', async () => {
  const core = await startListingCore(listed(1))
  const { directory } = await newDirectory(core)
  await directory.start()
  core.calls.length = 0
  await Promise.all(Array.from({ length: 10 }, () => directory.refresh()))
  expect(core.callsOf('masternodelist', 'full')).toHaveLength(1)
  const reason = new Error('given up')
  await expect(directory.refresh({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
