import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { openNodeKey } from '../src/node-key.ts'
import { openIdentity } from '../src/open-identity.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const PASTEL_ID = 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7'

describe('a key file that is gone', () => {
  it('from a folder that was in use is missed, and not replaced by another', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    await openNodeKey(folder.nodeKey)
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_MISSING',
      message: expect.stringMatching(
        `${folder.nodeKey} shows that the folder was in use, and there is none in ${folder.keys}: .*"pmesh id import FILE --data ${dataDir}", or make a new PastelID with "pmesh id new --data ${dataDir}"`,
      ),
    })
    expect(await readdir(dataDir)).toEqual(['node.key'])
    const pastelId = await makeCheapIdentity(dataDir)
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })

  it('and is named is missed by its name, before its passphrase is', async () => {
    const folder = dataFolder(await temporaryFolder())
    await expect(openIdentity(folder, { identity: PASTEL_ID })).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_MISSING',
      message: expect.stringContaining(join(folder.keys, PASTEL_ID)),
    })
  })
})

describe('a damaged key file', () => {
  it('of the identity is reported, and not replaced', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    const path = join(folder.keys, await makeCheapIdentity(dataDir))
    const bytes = await readFile(path)
    for (const damaged of [bytes.subarray(0, 200), Buffer.alloc(0), Buffer.from('nonsense')]) {
      await writeFile(path, damaged)
      await expect(openIdentity(folder)).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_KEY_FILE_(DAMAGED|FOREIGN)$/),
        message: expect.stringContaining(path),
      })
      expect(await readFile(path)).toEqual(damaged)
    }
  })

  it('of the identity that is a folder is reported', async () => {
    const folder = dataFolder(await temporaryFolder())
    await mkdir(join(folder.keys, PASTEL_ID), { recursive: true })
    await writeFile(folder.passphrase, 'x')
    await expect(openIdentity(folder)).rejects.toMatchObject({ code: 'ERR_KEY_FILE_FOREIGN' })
  })

  it('of the node is reported, and not replaced', async () => {
    const { nodeKey } = dataFolder(await temporaryFolder())
    await openNodeKey(nodeKey)
    const bytes = await readFile(nodeKey)
    // A sound key of another type, in the same form.
    const secp256k1 = Buffer.concat([Buffer.of(0x08, 2, 0x12, 32), Buffer.alloc(32, 1)])
    for (const damaged of [bytes.subarray(0, 20), Buffer.alloc(0), Buffer.from('nonsense'), secp256k1]) {
      await writeFile(nodeKey, damaged)
      await expect(openNodeKey(nodeKey)).rejects.toMatchObject({
        code: 'ERR_NODE_KEY',
        message: `${nodeKey} is not a node key: delete it, and the node makes a new one`,
      })
      expect(await readFile(nodeKey)).toEqual(Buffer.from(damaged))
    }
  })

  it('of the node that is a folder is reported', async () => {
    const { nodeKey } = dataFolder(await temporaryFolder())
    await mkdir(nodeKey)
    await expect(openNodeKey(nodeKey)).rejects.toMatchObject({
      code: 'ERR_NODE_KEY',
      message: expect.stringMatching(/cannot be read: EISDIR/),
    })
    await rm(nodeKey, { recursive: true })
    await expect(openNodeKey(nodeKey)).resolves.toBeDefined()
  })
})
