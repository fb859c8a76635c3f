import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeDurableFile } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

const PRIVATE = { mode: 0o600, overwrite: false }

it('a new file is whole, for its owner only, and alone', async () => {
  const folder = await temporaryFolder()
  await writeDurableFile(join(folder, 'key'), 'content', PRIVATE)
  expect(await readFile(join(folder, 'key'), 'utf8')).toBe('content')
  expect((await stat(join(folder, 'key'))).mode & 0o777).toBe(0o600)
  expect(await readdir(folder)).toEqual(['key'])
})

it('without overwrite a file never replaces another', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'key'), 'precious')
  await chmod(join(folder, 'key'), 0o644)
  await expect(writeDurableFile(join(folder, 'key'), 'content', PRIVATE)).rejects.toMatchObject({
    code: 'EEXIST',
  })
  expect(await readFile(join(folder, 'key'), 'utf8')).toBe('precious')
  expect(await readdir(folder)).toEqual(['key'])
})

it('of several that write it at once one succeeds', async () => {
  const path = join(await temporaryFolder(), 'key')
  const contents = Array.from({ length: 10 }, (_, i) => `content ${i}`)
  const results = await Promise.allSettled(
    contents.map((content) => writeDurableFile(path, content, PRIVATE)),
  )
  const winners = contents.filter((_, i) => results[i]?.status === 'fulfilled')
  expect(winners).toEqual([await readFile(path, 'utf8')])
})
