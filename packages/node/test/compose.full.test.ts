import { chown, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findBinary } from '../../testkit/src/fixtures/find-binary.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { prepareProject, type RunningProject, startProject } from './fixtures/compose.ts'
import { missingForContainers } from './fixtures/container-runner.ts'
import { NODE_USER } from './fixtures/etc-with-users.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const NAME = 'mesh.test'
const NODES = ['node1', 'node2', 'node3']
const PROGRAMS = ['docker-compose', 'nginx', 'openssl', 'redis-server', 'initdb']

const absent = PROGRAMS.filter((name) => findBinary(name) === undefined)
const missing =
  missingForContainers() ??
  (absent.length === 0
    ? undefined
    : `what docker-compose.yml starts is not tested: there is no ${absent.join(', ')}`)
if (missing !== undefined) console.warn(missing)

/** A plugin whose job writes into the folder of the node that does it. */
const PLUGIN = `
import { writeFileSync } from 'node:fs'
import { definePlugin } from '/opt/pastel-mesh/packages/node/dist/index.js'
export default definePlugin({
  name: 'greeter',
  jobs: { greet: { run: ({ data }) => writeFileSync('/var/lib/pmesh/greeted', data.name) } },
})
`

async function publishAndRead(project: RunningProject): Promise<void> {
  const stored = (name: string) => project.exec(name, ['pmesh', 'messages', '--topic', 'prices'])
  for (const [index, from] of NODES.entries()) {
    const text = `hello ${index} from ${from}`
    const published = await project.exec(from, ['pmesh', 'publish', 'prices', text])
    expect(published).toMatchObject({ code: 0, stderr: '' })
    for (const name of NODES) {
      await waitUntil(async () => (await stored(name)).stdout.includes(text), {
        what: `"${text}" at ${name}`,
      })
    }
  }
}

describe.skipIf(missing !== undefined)('what docker-compose.yml starts', () => {
  it('is three nodes that know each other, and nginx in front of one', { timeout: 240_000 }, async () => {
    const folder = await temporaryFolder()
    await prepareProject(folder, NAME)
    const project = await startProject(folder)
    expect(await project.ended('introduce')).toBe(0)
    await publishAndRead(project)

    await project.healthy('nginx')
    const call = `fetch('https://${NAME}/api/v1/openapi.json').then(async (answer) => console.log(answer.status, (await answer.json()).info.title))`
    const hosts =
      "require('dns').lookup = (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }])"
    const env = ['env', 'NODE_EXTRA_CA_CERTS=/etc/nginx/tls/fullchain.pem']
    const answer = await project.exec('nginx', [...env, 'node', '--eval', `${hosts}; ${call}`])
    expect(answer).toMatchObject({ code: 0, stdout: expect.stringMatching(/^200 /) })
    // What the engine keeps, within bounds, and not the container.
    await waitUntil(() => /^nginx: \{.*"path":"\/api\/v1\/openapi.json"/m.test(project.output()), {
      what: 'the request in the log of nginx',
    })

    for (const name of NODES) project.signal(name, 15)
    for (const name of NODES) expect(await project.ended(name)).toBe(0)
    // No secret in what they wrote, nor a copy of the passphrase beside the keys.
    const passphrase = (await readFile(join(folder, 'containers/secrets/passphrase'), 'utf8')).trim()
    expect(project.output()).not.toContain(passphrase)
  })

  it.each(['redis', 'postgres'])(
    'with the profile %s has jobs that one node adds, one does, and all see',
    { timeout: 240_000 },
    async (profile) => {
      const folder = await temporaryFolder()
      await prepareProject(folder, NAME, profile)
      const settings = join(folder, 'containers/secrets/pmesh.yaml')
      await writeFile(settings, `${await readFile(settings, 'utf8')}plugins: [/var/lib/pmesh/greeter.mjs]\n`)
      for (const name of NODES) {
        const volume = join(folder, 'volumes', name)
        await mkdir(volume, { recursive: true, mode: 0o700 })
        await chown(volume, NODE_USER, NODE_USER)
        await writeFile(join(volume, 'greeter.mjs'), PLUGIN)
      }
      const project = await startProject(folder, profile)
      await project.healthy(profile)
      const added = await project.exec('node1', ['pmesh', 'jobs', 'add', 'greeter.greet', '{"name":"all"}'])
      expect(added).toMatchObject({ code: 0, stderr: '' })
      const greeted = () =>
        Promise.any(NODES.map((name) => readFile(join(project.volume(name), 'greeted'), 'utf8')))
      expect(await waitUntil(greeted, { what: 'the job to be done' })).toBe('all')
      const { stdout } = await project.exec('node3', ['pmesh', 'jobs', 'list', 'done'])
      expect(stdout).toContain('greet')
      const password = await readFile(join(folder, 'containers/secrets/queue-password'), 'utf8')
      expect(project.output()).not.toContain(password)
    },
  )
})
