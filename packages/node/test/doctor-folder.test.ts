import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { diskCheck, kindFinding, spaceFinding } from '../src/doctor/disk-check.ts'
import { folderCheck } from '../src/doctor/folder-check.ts'
import { fsyncCheck, judge as judgeSyncs } from '../src/doctor/fsync-check.ts'
import { lockCheck } from '../src/doctor/lock-check.ts'
import { lockHolder } from '../src/doctor/lock-holder.ts'
import { findMount } from '../src/doctor/mounts.ts'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { diagnosed, found } from './fixtures/doctor.ts'
import { removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

const isRoot = process.getuid?.() === 0
/** What root has beside its folders. */
const UNPRIVILEGED = isRoot
  ? ['/usr/bin/setpriv', '--bounding-set', '-dac_override,-dac_read_search,-net_bind_service']
  : []
const SELF = process.getuid?.() ?? 0

describe('the check of the data folder', () => {
  it('finds keys that others may read, and says how to keep them from it', async () => {
    const dataDir = await temporaryFolder()
    const pastelId = await makeCheapIdentity(dataDir)
    expect(await found(folderCheck, dataDir)).toMatchObject([
      { state: 'ok', measured: { mode: '700', uid: SELF } },
      { state: 'ok', measured: { files: 2 } },
    ])
    const key = join(dataDir, 'pastelkeys', pastelId)
    await chmod(key, 0o640)
    expect((await found(folderCheck, dataDir))[1]).toMatchObject({
      state: 'warning',
      message: `others may read ${key} (mode 640)`,
      advice: `chmod 600 ${key}`,
    })
    await chmod(dataDir, 0o777)
    expect((await found(folderCheck, dataDir))[0]).toMatchObject({
      state: 'warning',
      advice: `chmod 700 ${dataDir}`,
    })
  })

  it('finds that others may read the passphrase of a key in the Pastel core', async () => {
    const dataDir = await temporaryFolder()
    const word = join(dataDir, 'word')
    await writeFile(word, 'secret', { mode: 0o640 })
    await chmod(word, 0o640)
    const settings = 'pasteld: { conf: default, passphraseFile: word }\n'
    await writeFile(join(dataDir, 'pmesh.yaml'), settings)
    expect((await found(folderCheck, dataDir))[1]).toMatchObject({
      state: 'warning',
      message: `others may read ${word} (mode 640)`,
      advice: `chmod 600 ${word}`,
    })
  })

  it.runIf(isRoot)('finds what belongs to somebody else', async () => {
    const dataDir = await temporaryFolder()
    await writeFile(join(dataDir, 'node.key'), 'x', { mode: 0o600 })
    await chown(join(dataDir, 'node.key'), 65_534, 65_534)
    expect((await found(folderCheck, dataDir))[1]).toMatchObject({
      state: 'failed',
      advice: `as root: chown 0 ${join(dataDir, 'node.key')}`,
    })
    await chown(dataDir, 65_534, 65_534)
    expect((await found(folderCheck, dataDir))[0]).toMatchObject({
      state: 'warning',
      advice: `run pmesh as that user: sudo -u '#65534' pmesh doctor --data ${dataDir}`,
    })
  })

  it('finds that there is none, or a file', async () => {
    const dataDir = join(await temporaryFolder(), 'typo')
    expect(await found(folderCheck, dataDir)).toMatchObject([
      { state: 'failed', advice: expect.stringMatching(/^make it with "pmesh init --data /) },
    ])
    await writeFile(dataDir, '')
    const { code, of } = await diagnosed(['--data', dataDir])
    expect(code).toBe(1)
    expect(of('data folder')).toMatchObject([{ state: 'failed', message: `${dataDir} is no folder` }])
    expect(of('configuration')).toMatchObject([
      { state: 'failed', message: expect.stringContaining('ENOTDIR') },
    ])
  })

  it('finds a folder that cannot be written, and fails', async () => {
    const dataDir = await temporaryFolder()
    await chmod(dataDir, 0o500)
    const { code, of } = await diagnosed(['--data', dataDir, '--api-listen', '127.0.0.1:81'], {
      under: UNPRIVILEGED,
    })
    expect(code).toBe(1)
    expect(of('data folder')).toMatchObject([
      { state: 'failed', message: expect.stringContaining('cannot be used: EACCES') },
    ])
    expect(of('fsync')).toMatchObject([
      { state: 'failed', message: expect.stringContaining('nothing can be written') },
    ])
    expect(of('port')).toContainEqual(
      expect.objectContaining({
        subject: '127.0.0.1:81',
        state: 'failed',
        message: 'this user may not listen there (api.listen)',
        advice: expect.stringContaining('CAP_NET_BIND_SERVICE'),
      }),
    )
  })
})

describe('the check of the disk', () => {
  it('finds a folder in memory: what is acknowledged there is gone with the machine', async () => {
    const dataDir = await mkdtemp('/dev/shm/pmesh-doctor-')
    onTestFinished(() => removeFolder(dataDir))
    const findings = await found(diskCheck, dataDir)
    expect(findings.at(-1)).toMatchObject({
      state: 'failed',
      message: expect.stringMatching(/ is on tmpfs, which is in memory: /),
      measured: { fileSystem: 'tmpfs', mountPoint: '/dev/shm' },
    })
  })

  it('finds less than the reserve, a reserve that is near, and more to be kept than there is room for', async () => {
    const dataDir = await temporaryFolder()
    const spaceOf = async (minFree: string, maxSize = '1MiB') =>
      (
        await found(diskCheck, dataDir, { flags: { 'disk.minFree': minFree, 'retention.maxSize': maxSize } })
      )[0]
    expect(await spaceOf('1KiB')).toMatchObject({ state: 'ok' })
    expect(await spaceOf('8000TiB')).toMatchObject({
      state: 'failed',
      message: expect.stringContaining('nothing new is accepted'),
      advice: expect.stringMatching(/^free [\d.]+ PiB or more/),
    })
    expect(await spaceOf('1KiB', '8000TiB')).toMatchObject({
      state: 'warning',
      advice: expect.stringMatching(/^set retention.maxSize to \d+MiB or less/),
    })
    const near = { freeBytes: 300, databaseBytes: 0, minFreeBytes: 200, maxBytes: 10 }
    expect(spaceFinding(near)).toMatchObject({ state: 'warning' })
  })

  it.each([
    ['nfs4', 'rw', 'warning', 'is on the network'],
    ['cifs', 'rw', 'warning', 'is on the network'],
    ['fuse.sshfs', 'rw', 'warning', 'is served by a program'],
    ['overlay', 'rw', 'warning', 'the layer of a container'],
    ['ext4', 'rw,nobarrier', 'warning', 'mounted with nobarrier'],
    ['xfs', 'rw,noatime', 'ok', 'xfs, mounted on /srv'],
  ])('judges %s (%s)', (type, options, state, text) => {
    const lines = `21 1 8:1 / / rw - ext4 /dev/a rw\n30 21 0:50 / /srv rw shared:1 - ${type} somewhere ${options}\n`
    const finding = kindFinding('/srv/node', findMount(lines, '/srv/node'))
    expect(finding).toMatchObject({ state, message: expect.stringContaining(text) })
    expect(finding.advice === undefined).toBe(state === 'ok')
  })

  it('finds the mount that a path is on, whatever its name', () => {
    const lines = '21 1 8:1 / / rw - ext4 /dev/a rw\n30 21 0:50 / /srv/my\\040disk rw - xfs /dev/b rw\n'
    expect(findMount(lines, '/srv/my disk/node')?.type).toBe('xfs')
    expect(findMount(lines, '/srv/my disks')?.type).toBe('ext4')
  })
})

it('says what keeps a node that runs from writing', async () => {
  const disk = { state: 'failing', reason: 'EIO: i/o error', freeBytes: 1, minFreeBytes: 0 }
  const node = { kind: 'running', status: { disk }, keys: undefined } as never
  expect((await found(diskCheck, await temporaryFolder(), { node }))[0]).toMatchObject({
    state: 'failed',
    message: 'the node cannot write: EIO: i/o error',
  })
})

describe('the check of syncs', () => {
  it('measures them in the folder, and leaves nothing there', async () => {
    const dataDir = await temporaryFolder()
    const [finding] = await found(fsyncCheck, dataDir)
    const { syncs, p50Ms, p99Ms, maxMs } = (finding?.measured ?? {}) as Record<string, number>
    expect(syncs).toBeGreaterThan(0)
    expect(p50Ms).toBeGreaterThan(0)
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms ?? 0)
    expect(maxMs).toBeGreaterThanOrEqual(p99Ms ?? 0)
    expect(await readdir(dataDir)).toEqual([])
  })

  it.each([
    [{ p50Ms: 0.4, p99Ms: 3 }, 'ok'],
    [{ p50Ms: 9, p99Ms: 15 }, 'warning'],
    [{ p50Ms: 1, p99Ms: 60 }, 'warning'],
    [{ p50Ms: 140, p99Ms: 400 }, 'failed'],
  ])('judges %o', (times, state) => {
    expect(judgeSyncs({ ...times, maxMs: 500, syncs: 100 }).state).toBe(state)
  })
})

describe('the check of the database', () => {
  it('names the process that has it, which answers for no node', async () => {
    const dataDir = await temporaryFolder()
    expect(await found(lockCheck, dataDir)).toMatchObject([
      { state: 'ok', message: expect.stringMatching(/^none yet/) },
    ])
    await mkdir(join(dataDir, 'db'))
    const program = `
      import { LevelDatabase } from '@pastel-mesh/storage'
      const database = new LevelDatabase(process.argv[1])
      await database.open()
      console.log('open')
      setInterval(() => {}, 1000)`
    const holder = spawn(
      process.execPath,
      ['--conditions=source', '--input-type=module', '-e', program, join(dataDir, 'db')],
      { cwd: import.meta.dirname },
    )
    onTestFinished(() => void holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    expect(await found(lockCheck, dataDir)).toMatchObject([
      {
        state: 'failed',
        advice: expect.stringContaining(`"kill ${holder.pid}"`),
        measured: { pid: holder.pid },
      },
    ])
    // Another file system has a file of the same number, and somebody has that one.
    const { ino } = await stat(join(dataDir, 'db', 'LOCK'))
    const elsewhere = `1: POSIX  ADVISORY  WRITE ${process.pid} 00:2a:${ino} 0 EOF\n`
    expect(await lockHolder(elsewhere, join(dataDir, 'db', 'LOCK'))).toBeUndefined()
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    expect(await found(lockCheck, dataDir)).toMatchObject([
      { state: 'ok', message: 'no process has it open' },
    ])
  })
})
