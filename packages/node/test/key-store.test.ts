import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { keyStore } from '../src/key-store.ts'
import { openIdentity } from '../src/open-identity.ts'
import { CHEAP_PASSPHRASE, makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const OTHER_ID = 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7'

/** A folder with so many keys, and the store of it. */
async function folderWith(keys: number) {
  const dataDir = await temporaryFolder()
  const ids = []
  for (let i = 0; i < keys; i += 1) ids.push(await makeCheapIdentity(dataDir))
  const folder = dataFolder(dataDir)
  return { dataDir, folder, keys: keyStore(folder), ids: ids.sort() }
}

describe('a key store', () => {
  it('lists PastelIDs by the names of files, sorted, and nothing else', async () => {
    const { keys, ids, folder } = await folderWith(3)
    await writeFile(join(folder.keys, `${ids[0]}.bak`), '')
    await writeFile(join(folder.keys, `${ids[0]?.slice(0, -1)}1`), '')
    expect(await keys.list()).toEqual(ids)
    expect(await keyStore({ keys: join(folder.keys, 'nowhere') }).list()).toEqual([])
  })

  it('makes a key that only its passphrase opens', async () => {
    const { keys, folder } = await folderWith(0)
    const { pastelId } = await keys.create('right')
    expect(await keys.list()).toEqual([pastelId])
    expect((await stat(join(folder.keys, pastelId))).mode & 0o777).toBe(0o600)
    expect((await stat(folder.keys)).mode & 0o777).toBe(0o700)
    expect(await keys.open(pastelId, 'right')).toMatchObject({ pastelId })
    await expect(keys.open(pastelId, 'wrong')).rejects.toMatchObject({ code: 'ERR_KEY_FILE_PASSPHRASE' })
  })

  it('takes in and gives out files byte for byte, for their owner, and never over another', async () => {
    const source = await folderWith(1)
    const target = await folderWith(0)
    const [pastelId] = source.ids
    if (pastelId === undefined) throw new Error('there is no key')
    const bytes = await readFile(source.keys.pathOf(pastelId))

    const path = await source.keys.exportFile(pastelId, target.dataDir, CHEAP_PASSPHRASE)
    expect(path).toBe(join(target.dataDir, pastelId))
    expect(await readFile(path)).toEqual(bytes)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await target.keys.importFile(path, CHEAP_PASSPHRASE)).toBe(pastelId)
    expect(await readFile(target.keys.pathOf(pastelId))).toEqual(bytes)

    const exists = { code: 'ERR_KEY_FILE_EXISTS' }
    await expect(target.keys.importFile(path, CHEAP_PASSPHRASE)).rejects.toMatchObject(exists)
    await expect(source.keys.exportFile(pastelId, path, CHEAP_PASSPHRASE)).rejects.toMatchObject(exists)
    expect(await readFile(path)).toEqual(bytes)
  })

  it('encrypts anew on the way, if it is told to', async () => {
    const { keys, ids, dataDir } = await folderWith(1)
    const [pastelId] = ids
    if (pastelId === undefined) throw new Error('there is no key')
    const path = join(dataDir, 'copy')
    await keys.exportFile(pastelId, path, CHEAP_PASSPHRASE, { newPassphrase: 'new' })
    const target = await folderWith(0)
    await expect(target.keys.importFile(path, CHEAP_PASSPHRASE)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_PASSPHRASE',
    })
    await target.keys.importFile(path, 'new', { newPassphrase: 'newest' })
    expect(await target.keys.open(pastelId, 'newest')).toMatchObject({ pastelId })
  })

  it('gives out nothing that the passphrase does not open, and takes in nothing of a wrong name', async () => {
    const { keys, ids, dataDir } = await folderWith(1)
    const [pastelId] = ids
    if (pastelId === undefined) throw new Error('there is no key')
    await expect(keys.exportFile(pastelId, join(dataDir, 'copy'), 'wrong')).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_PASSPHRASE',
    })
    expect(await readdir(dataDir)).not.toContain('copy')
    await rename(keys.pathOf(pastelId), join(dataDir, OTHER_ID))
    await expect(keys.importFile(join(dataDir, OTHER_ID), CHEAP_PASSPHRASE)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_NAME',
      message: expect.stringContaining(pastelId),
    })
    expect(await keys.list()).toEqual([])
  })

  it('makes the first key in a folder that has other files', async () => {
    const { keys, folder } = await folderWith(0)
    await mkdir(folder.keys)
    await writeFile(join(folder.keys, 'README'), '')
    const first = await keys.createFirst('x')
    expect(await keys.list()).toEqual([first?.pastelId])
    expect(await keys.createFirst('x')).toBeUndefined()
  })
})

describe('the identity of a node', () => {
  it('is the only one of its folder, or the one that is named', async () => {
    const { folder, ids } = await folderWith(1)
    expect((await openIdentity(folder)).pastelId).toBe(ids[0])
    expect((await openIdentity(folder, { identity: ids[0] })).pastelId).toBe(ids[0])
    await expect(openIdentity(folder, { identity: OTHER_ID })).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_MISSING',
    })
    await expect(openIdentity(folder, { identity: 'jX' })).rejects.toMatchObject({
      code: 'ERR_PASTELID_LENGTH',
    })
  })

  it('is not guessed when there are several', async () => {
    const { folder, ids } = await folderWith(2)
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_IDENTITY_CHOICE',
      message: `there are keys of 2 PastelIDs in ${folder.keys}: ${ids.join(', ')}: set "identity" in pmesh.yaml, or --identity, to one of them`,
    })
    expect((await openIdentity(folder, { identity: ids[1] })).pastelId).toBe(ids[1])
  })
})
