import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { openIdentity } from '../src/identity-key.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

describe('the passphrase of the identity', () => {
  it('from the environment is not written down', async () => {
    const folder = dataFolder(await temporaryFolder())
    vi.stubEnv('PMESH_PASSPHRASE', 'correct horse')
    const { pastelId } = await openIdentity(folder)
    expect(await readdir(join(folder.identityKey, '..'))).toEqual(['identity.key'])
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })

  it('that is wrong is named by where it comes from', async () => {
    const folder = dataFolder(await temporaryFolder())
    await openIdentity(folder)
    await writeFile(folder.passphrase, 'another\n')
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_PASSPHRASE',
      message: `the passphrase in ${folder.passphrase} does not open the key file ${folder.identityKey}`,
    })
    vi.stubEnv('PMESH_PASSPHRASE', 'a third')
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_PASSPHRASE',
      message: `the passphrase in PMESH_PASSPHRASE does not open the key file ${folder.identityKey}`,
    })
  })

  it('that is nowhere is not replaced by a new one', async () => {
    const folder = dataFolder(await temporaryFolder())
    await openIdentity(folder)
    await rm(folder.passphrase)
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_PASSPHRASE_MISSING',
      message: `the passphrase of ${folder.identityKey} is neither in PMESH_PASSPHRASE nor in ${folder.passphrase}: put it into one of them`,
    })
    expect(await readdir(join(folder.identityKey, '..'))).toEqual(['identity.key'])
  })

  it('that is empty is refused, at the first start too', async () => {
    const folder = dataFolder(await temporaryFolder())
    vi.stubEnv('PMESH_PASSPHRASE', '')
    const refusal = {
      code: 'ERR_PASSPHRASE_EMPTY',
      message: 'the passphrase in PMESH_PASSPHRASE is empty: it protects nothing',
    }
    await expect(openIdentity(folder)).rejects.toMatchObject(refusal)
    vi.unstubAllEnvs()
    await openIdentity(folder)
    await writeFile(folder.passphrase, '\n')
    await expect(openIdentity(folder)).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_EMPTY' })
  })

  it('may have spaces at its ends', async () => {
    const folder = dataFolder(await temporaryFolder())
    vi.stubEnv('PMESH_PASSPHRASE', ' correct horse ')
    const { pastelId } = await openIdentity(folder)
    vi.unstubAllEnvs()
    await writeFile(folder.passphrase, ' correct horse \r\n')
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })

  it('regression: of a first start that ended before the key was written is used by the next', async () => {
    const folder = dataFolder(await temporaryFolder())
    await writeFile(folder.passphrase, 'left behind\n')
    const { pastelId } = await openIdentity(folder)
    vi.stubEnv('PMESH_PASSPHRASE', 'left behind')
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })
})
