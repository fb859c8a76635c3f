import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { missingForContainers, startContainerRunner } from './fixtures/container-runner.ts'
import { etcWithUsers, NODE_USER } from './fixtures/etc-with-users.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const missing = missingForContainers()
if (missing !== undefined) console.warn(missing)

/** Processes of this machine that have a word in their command line. */
async function withWord(word: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.split('\0').includes(word))
}

it.skipIf(missing !== undefined)(
  'nothing outlives a container, whichever process of it is ended how',
  async () => {
    const folder = await temporaryFolder()
    const runner = startContainerRunner()
    // As the workers of a server, whose number no other process has.
    const seconds = `1${process.pid}.${Date.now()}`
    await runner.start('server', {
      argv: ['sh', '-c', `sleep ${seconds} & sleep ${seconds} & wait`],
      env: { PATH: '/usr/bin:/bin' },
      uid: NODE_USER,
      gid: NODE_USER,
      cwd: '/',
      mounts: [[await etcWithUsers(join(folder, 'etc')), '/etc', 'rw']],
      addresses: ['10.77.0.2/24'],
      hosts: {},
      readOnly: true,
    })
    await waitUntil(async () => (await withWord(seconds)).length === 2, { what: 'its workers' })
    runner.signal('server', 9)
    expect(await runner.ended('server')).toBe(-9)
    await runner.stop()
    expect(await withWord(seconds)).toEqual([])
  },
)
