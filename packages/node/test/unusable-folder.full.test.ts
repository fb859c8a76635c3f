import { execFile } from 'node:child_process'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const CREATE = fileURLToPath(new URL('fixtures/create-as-nobody.ts', import.meta.url))

async function createAsNobody(dataDir: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=source', CREATE, dataDir])
  return stdout
}

describe('a data folder that cannot be used', () => {
  it.each([
    ['is a file', (path: string) => writeFile(path, '')],
    ['is a link that leads nowhere', (path: string) => symlink(path, path)],
  ])('because it %s is named in one line', async (_, make) => {
    const dataDir = join(await temporaryFolder(), 'data')
    await make(dataDir)
    const error: Error = await createController({ dataDir }).then(
      () => new Error('it was made'),
      (error: Error) => error,
    )
    expect(error).toMatchObject({ code: 'ERR_DATA_FOLDER' })
    expect(error.message).toContain(`the data folder ${dataDir} cannot be used: E`)
    expect(error.message).not.toContain('\n')
  })

  it('because the system does not permit to make it is named in one line', async () => {
    const parent = await temporaryFolder()
    await chmod(parent, 0o500)
    const dataDir = join(parent, 'data')
    expect(await createAsNobody(dataDir)).toMatch(
      /^ERR_DATA_FOLDER the data folder .*data cannot be used: EACCES: permission denied.*\n$/,
    )
  })

  it('because the system does not permit to read the keys is named, and no new keys are made', async () => {
    const dataDir = await temporaryFolder()
    const { node } = await createController({ dataDir })
    await chmod(dataDir, 0o777)
    const keys = join(dataDir, 'pastelkeys')
    await chmod(keys, 0o755)
    for (const file of [join('pastelkeys', node.pastelId), 'node.key']) await chmod(join(dataDir, file), 0)
    await chmod(join(dataDir, 'passphrase'), 0o444)
    expect(await createAsNobody(dataDir)).toMatch(
      /^ERR_KEY_FILE_IO the key file .*pastelkeys\/jX\w+ cannot be read: EACCES: permission denied.*\n$/,
    )
    await chmod(join(dataDir, 'passphrase'), 0)
    expect(await createAsNobody(dataDir)).toMatch(
      /^ERR_PASSPHRASE_FILE the passphrase file .*passphrase cannot be read: EACCES: permission denied.*\n$/,
    )
    await chmod(keys, 0)
    expect(await createAsNobody(dataDir)).toMatch(
      /^ERR_KEY_FOLDER the folder of the key files, .*pastelkeys, cannot be used: EACCES: permission denied.*\n$/,
    )
  })

  it('because it may not be looked into is named', async () => {
    const dataDir = join(await temporaryFolder(), 'data')
    await mkdir(dataDir, { mode: 0 })
    await chmod(join(dataDir, '..'), 0o555)
    expect(await createAsNobody(dataDir)).toMatch(/^ERR_[A-Z_]+ .*EACCES: permission denied.*\n$/)
  })
})
