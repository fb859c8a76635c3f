import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { generateSeed, readKeyFile, writeKeyFile } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('a file that exists is left as it is', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'key')
  await writeFile(path, 'precious')
  const writing = writeKeyFile(path, generateSeed(), 'passphrase')
  await expect(writing).rejects.toMatchObject({ code: 'ERR_KEY_FILE_EXISTS' })
  expect(await readFile(path, 'utf8')).toBe('precious')
  expect(await readdir(folder)).toEqual(['key'])
})

test('of several that write one path at once, one wins and its key is kept', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'key')
  const seeds = [generateSeed(), generateSeed(), generateSeed()]
  const results = await Promise.allSettled(seeds.map((seed) => writeKeyFile(path, seed, 'passphrase')))

  const winners = seeds.filter((_, index) => results[index]?.status === 'fulfilled')
  const refusals = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
  expect(winners).toHaveLength(1)
  expect(refusals).toEqual(['ERR_KEY_FILE_EXISTS', 'ERR_KEY_FILE_EXISTS'])
  expect(await readKeyFile(path, 'passphrase')).toEqual(winners[0])
  expect(await readdir(folder)).toEqual(['key'])
})

test('with overwrite the new key takes its place', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'key')
  await writeFile(path, 'old')
  const seed = generateSeed()
  await writeKeyFile(path, seed, 'passphrase', { overwrite: true })
  expect(await readKeyFile(path, 'passphrase')).toEqual(seed)
  expect(await readdir(folder)).toEqual(['key'])
})

test('a write that fails says so and leaves nothing behind', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'key')
  await mkdir(path)
  const writing = writeKeyFile(path, generateSeed(), 'passphrase', { overwrite: true })
  await expect(writing).rejects.toMatchObject({ code: 'ERR_KEY_FILE_IO', cause: { code: 'EISDIR' } })
  expect(await readdir(folder)).toEqual(['key'])

  const nowhere = writeKeyFile(join(folder, 'missing', 'key'), generateSeed(), 'passphrase')
  await expect(nowhere).rejects.toMatchObject({ code: 'ERR_KEY_FILE_IO', cause: { code: 'ENOENT' } })
})

test('nothing is written without a passphrase or for a seed of another length', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'key')
  await expect(writeKeyFile(path, generateSeed(), '')).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_PASSPHRASE',
  })
  await expect(writeKeyFile(path, new Uint8Array(32), 'passphrase')).rejects.toMatchObject({
    code: 'ERR_SEED_LENGTH',
  })
  expect(await readdir(folder)).toEqual([])
})
