import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createStore, LevelDatabase } from '../src/index.ts'
import { metaKey } from '../src/keys.ts'
import { openStore } from './fixtures/open-store.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** A process that has a store open; resolves when it has. */
async function holder(directory: string): Promise<number> {
  const script = fileURLToPath(new URL('./fixtures/holder.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', script, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  await once(createInterface(child.stdout), 'line')
  return child.pid as number
}

describe('a store that cannot be opened', () => {
  test('because another process has it names the folder and that process', async () => {
    const directory = await temporaryFolder()
    const pid = await holder(directory)
    const starting = createStore({ directory }).start()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_STORE_LOCKED' })
    await expect(starting).rejects.toThrow(`${directory} is in use by process ${pid}:`)
  })

  test('because another store of this process has it says so as well', async () => {
    const directory = await temporaryFolder()
    await openStore({ directory })
    const starting = createStore({ directory }).start()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_STORE_LOCKED' })
    await expect(starting).rejects.toThrow(`${directory} is in use by process ${process.pid}:`)
  })

  test('and whose holder is not known is in use by another process', async () => {
    const directory = await temporaryFolder()
    await openStore({ directory })
    await writeFile(join(directory, 'HOLDER'), '')
    await expect(createStore({ directory }).start()).rejects.toThrow('is in use by another process:')
  })

  test('because its schema is unknown names both, changes nothing and leaves it closed', async () => {
    const directory = await temporaryFolder()
    const first = await openStore({ directory })
    await first.stop()
    const database = new LevelDatabase(directory)
    await database.open()
    await database.write([{ type: 'put', key: metaKey('schema'), value: Buffer.from('99') }], { sync: true })
    await database.close()

    const store = createStore({ directory })
    for (let i = 0; i < 2; i++) {
      const starting = store.start()
      await expect(starting).rejects.toMatchObject({ code: 'ERR_STORE_SCHEMA' })
      await expect(starting).rejects.toThrow(`${directory} has schema 99, this version reads 3`)
    }
    await database.open()
    expect((await database.get(metaKey('schema')))?.toString()).toBe('99')
    await database.close()
  })

  test('because its path cannot be written names the path', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const directory = join(file, 'db')
    const starting = createStore({ directory }).start()
    await expect(starting).rejects.toMatchObject({ code: 'ERR_STORE_OPEN' })
    await expect(starting).rejects.toThrow(directory)
  })

  test('can be started once the reason is gone', async () => {
    const folder = await temporaryFolder()
    const directory = join(folder, 'db')
    await writeFile(directory, '')
    const store = createStore({ directory })
    await expect(store.start()).rejects.toMatchObject({ code: 'ERR_STORE_OPEN' })

    await rm(directory)
    await store.start()
    await store.stop()
  })
})

test('a folder that the store makes is for its owner only', async () => {
  const directory = join(await temporaryFolder(), 'a', 'db')
  await openStore({ directory })
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
})

test('that the name of the holder cannot be written keeps nobody from opening', async () => {
  const directory = await temporaryFolder()
  await mkdir(join(directory, 'HOLDER'))
  await openStore({ directory })
})
