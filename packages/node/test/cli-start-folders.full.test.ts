import { existsSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatabase } from '@pastel-mesh/storage'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { metaKey } from '../../storage/src/keys.ts'
import { missingForSmallDisks, SmallDisk } from '../../testkit/src/faults/small-disk.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { type CliOptions, runCli } from './fixtures/cli.ts'
import { createController } from './fixtures/create-controller.ts'
import { folderContent } from './fixtures/folder-content.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'
import { missingForModes, WITHOUT_ROOT } from './fixtures/without-root.ts'

const missingModes = missingForModes()
const missingDisks = missingForSmallDisks()
for (const missing of [missingModes, missingDisks]) if (missing !== undefined) console.warn(missing)

const ANY_PORT = '/ip4/127.0.0.1/tcp/0'
const PERMISSION = 'the user who runs the node needs the permission'

/** Starts a node that must not start: one line says why. */
async function expectRefusal(data: string, line: RegExp, options: CliOptions = {}): Promise<void> {
  const { code, signal, stdout, stderr } = await runCli(
    ['start', '--data', data, '--listen', ANY_PORT],
    options,
  )
  expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' })
  expect(stderr).toMatch(/^pmesh: [^\n]+ \(ERR_[A-Z_]+\)\n$/)
  expect(stderr).toMatch(line)
}

/** Makes a folder one in which a node ran. */
async function use(dataDir: string): Promise<void> {
  await makeCheapIdentity(dataDir)
  const controller = await createController({ dataDir, listen: [ANY_PORT] })
  await controller.start()
  await controller.stop()
}

/** A folder in which a node ran, and the test of whether it still is as it was. */
async function usedFolder(data?: string) {
  const dataDir = data ?? (await temporaryFolder())
  await use(dataDir)
  const before = await folderContent(dataDir)
  const expectUntouched = async () => expect(await folderContent(dataDir)).toEqual(before)
  return { dataDir, expectUntouched }
}

/** A small disk until the test is over. */
async function smallDisk(sizeMiB: number): Promise<SmallDisk> {
  const disk = SmallDisk.mount(join(await temporaryFolder(), 'disk'), sizeMiB)
  onTestFinished(() => disk.unmount())
  return disk
}

describe('pmesh start says in one line that its folder', () => {
  it('is a file', async () => {
    const path = join(await temporaryFolder(), 'data')
    await writeFile(path, 'precious')
    await expectRefusal(path, /data folder \S+data cannot be used: ENOTDIR: .*something that is no folder/)
  })

  it('would be inside a file', async () => {
    const path = join(await temporaryFolder(), 'file')
    await writeFile(path, 'precious')
    await expectRefusal(join(path, 'a', 'b'), /cannot be used: ENOTDIR: .*something that is no folder/)
  })

  it('is a link that leads nowhere', async () => {
    const path = join(await temporaryFolder(), 'data')
    await symlink(join(path, '..', 'nowhere'), path)
    await expectRefusal(path, /data folder \S+data cannot be used: EEXIST: /)
  })

  it('cannot be made where the system makes no folders', async () => {
    await expectRefusal(
      '/proc/pmesh/data',
      /data folder \/proc\/pmesh\/data cannot be used: ENOENT: .*: there is no such place: choose another/,
    )
  })

  it.skipIf(missingModes !== undefined)('may not be made, and makes nothing', async () => {
    const parent = await temporaryFolder()
    await chmod(parent, 0o500)
    const data = join(parent, 'a', 'b')
    await expectRefusal(data, new RegExp(`cannot be used: EACCES: .*: ${PERMISSION}`), {
      under: WITHOUT_ROOT,
    })
    expect(existsSync(join(parent, 'a'))).toBe(false)
  })

  describe.skipIf(missingModes !== undefined)('is one in which a node ran, and', () => {
    let dataDir: string
    beforeAll(async () => {
      dataDir = await makeFolder()
      await use(dataDir)
      await writeFile(join(dataDir, 'members'), '', { mode: 0o600 })
    })
    afterAll(() => removeFolder(dataDir))

    it.each([
      ['may not be written', '.', 0o500, /data folder \S+ cannot be used: EACCES: /],
      ['may not be looked into', '.', 0, /data folder \S+ cannot be used: EACCES: /],
      [
        'has keys that may not be looked into',
        'pastelkeys',
        0,
        /folder of the key files, \S+pastelkeys, cannot be used: EACC/,
      ],
      [
        'has a passphrase that may not be read',
        'passphrase',
        0,
        /file \S+passphrase cannot be read: EACCES: /,
      ],
      [
        'has a node key that may not be read',
        'node.key',
        0,
        /node key \S+node\.key cannot be read: EACCES: /,
      ],
      ['has a member file that may not be read', 'members', 0, /file \S+members cannot be read: EACCES: /],
      [
        'has a database that may not be used',
        'db',
        0,
        /database in \S+db cannot be opened: .*ermission denied/,
      ],
    ])('%s', async (_, name, mode, line) => {
      const before = await folderContent(dataDir)
      await chmod(join(dataDir, name), mode)
      try {
        const permitted = new RegExp(`${line.source}.*${PERMISSION}`)
        await expectRefusal(dataDir, permitted, { under: WITHOUT_ROOT })
      } finally {
        await chmod(join(dataDir, name), ['.', 'db', 'pastelkeys'].includes(name) ? 0o700 : 0o600)
      }
      expect(await folderContent(dataDir)).toEqual(before)
    })

    it('starts when it may be used again', async () => {
      await chmod(dataDir, 0)
      await expectRefusal(dataDir, new RegExp(PERMISSION), { under: WITHOUT_ROOT })
      await chmod(dataDir, 0o700)
      await stopNode(await startNode({ dataDir, under: WITHOUT_ROOT }))
    })
  })

  it.skipIf(missingDisks !== undefined)('is on a disk that is mounted read-only', async () => {
    const disk = await smallDisk(32)
    const { dataDir, expectUntouched } = await usedFolder(join(disk.path, 'data'))
    disk.makeReadOnly()
    const refusal = /cannot be used: EROFS: .*: mount its file system writable, or choose another place/
    await expectRefusal(dataDir, refusal)
    await expectRefusal(join(disk.path, 'new'), refusal)
    await expectUntouched()
  })

  it.skipIf(missingDisks !== undefined)(
    'was used on a disk that is full now, and has all in it',
    async () => {
      const disk = await smallDisk(32)
      const dataDir = join(disk.path, 'data')
      await makeCheapIdentity(dataDir)
      const node = await startNode({ dataDir, args: ['--topic', 'prices', '--disk-min-free', '0'] })
      expect((await runCli(['publish', 'prices', 'precious', '--data', dataDir])).code).toBe(0)
      await stopNode(node, 'SIGKILL')
      await disk.fill()
      for (let i = 0; i < 2; i += 1) {
        await expectRefusal(
          dataDir,
          /database in \S+db cannot be opened: .*No space left on device: free some /,
        )
      }
      await disk.free()
      const again = await startNode({ dataDir })
      expect((await runCli(['messages', '--data', dataDir])).stdout).toContain('precious')
      await stopNode(again)
    },
  )

  it.skipIf(missingDisks !== undefined)('is on a disk that is full, and starts when it is not', async () => {
    const disk = await smallDisk(32)
    await disk.fill()
    const data = join(disk.path, 'data')
    await expectRefusal(data, /ENOSPC: no space left on device.*: free some space on its disk/)
    await disk.free()
    await stopNode(await startNode({ dataDir: data }))
  })

  it('is in use by a node, which goes on', async () => {
    const node = await startNode()
    onTestFinished(() => node.remove())
    const before = await folderContent(node.dataDir)
    await expectRefusal(
      node.dataDir,
      new RegExp(
        `^pmesh: the database in ${node.dataDir}/db is in use by process ${node.process.pid}: stop that node, or give this one another directory \\(ERR_STORE_LOCKED\\)\n$`,
      ),
    )
    expect(await folderContent(node.dataDir)).toEqual(before)
    expect((await runCli(['status', '--data', node.dataDir])).code).toBe(0)
  })

  it('has a database of a schema that this version does not know, older or newer', async () => {
    const { dataDir, expectUntouched } = await usedFolder()
    const database = new LevelDatabase(join(dataDir, 'db'))
    const other = Buffer.from('Zother')
    for (const schema of ['0', '99']) {
      await database.open()
      await database.write(
        [
          { type: 'put', key: metaKey('schema'), value: Buffer.from(schema) },
          { type: 'put', key: other, value: other },
        ],
        { sync: true },
      )
      await database.close()
      await expectRefusal(
        dataDir,
        new RegExp(`database in \\S+db has schema ${schema}, this version reads \\d+: use the version that`),
      )
      await database.open()
      expect(await database.getMany([metaKey('schema'), other])).toEqual([Buffer.from(schema), other])
      await database.close()
      await expectUntouched()
    }
  })

  it.each([
    ['db', 'file', /database in \S+db cannot be opened: ENOTDIR: .*something that is no folder/],
    ['members', 'folder', /member file \S+members cannot be read: EISDIR: .*there is a folder where a file/],
    ['node.key', 'folder', /node key \S+node\.key cannot be read: EISDIR: .*there is a folder where a file/],
    ['passphrase', 'folder', /passphrase file \S+passphrase cannot be read: EISDIR: .*there is a folder/],
    ['pastelkeys', 'file', /folder of the key files, \S+pastelkeys, cannot be used: ENOTDIR: /],
  ])('has a %s that is a %s', async (name, kind, line) => {
    const data = await temporaryFolder()
    if (name !== 'pastelkeys' && name !== 'passphrase') await makeCheapIdentity(data)
    if (kind === 'folder') await mkdir(join(data, name))
    else await writeFile(join(data, name), 'precious')
    await expectRefusal(data, line)
  })
})
