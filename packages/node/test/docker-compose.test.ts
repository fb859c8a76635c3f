import { execFileSync, spawnSync } from 'node:child_process'
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { BlockList } from 'node:net'
import { join } from 'node:path'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { findBinary } from '../../testkit/src/fixtures/find-binary.ts'
import { loadConfig } from '../src/config/load-config.ts'
import { imageConfig, readDockerfile } from './fixtures/dockerfile.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { CHECKOUT } from './fixtures/unit-runner.ts'

const FILE = join(CHECKOUT, 'docker-compose.yml')
const PREPARE = 'setup/containers/prepare'
const SCHEMA_PATH =
  'import compose, os; print(os.path.dirname(compose.__file__) + "/config/compose_spec.json")'

const isRoot = process.getuid?.() === 0
const missing = ['docker-compose', 'openssl'].find((name) => findBinary(name) === undefined)
if (missing !== undefined)
  console.warn(`docker-compose.yml is not tested: ${missing} is missing (apt-get install)`)

const text = await readFile(FILE, 'utf8')
const project = parse(text, { merge: true })

/** A clone in which the files of an operator are made, as the guide says. */
async function prepared(...args: string[]) {
  const folder = await temporaryFolder()
  await cp(join(CHECKOUT, 'setup'), join(folder, 'setup'), { recursive: true })
  const prepare = (...more: string[]) =>
    execFileSync(join(folder, PREPARE), more, { encoding: 'utf8', stdio: 'pipe' })
  prepare(...args)
  return { folder, prepare, read: (path: string) => readFile(join(folder, 'containers', path), 'utf8') }
}

describe.skipIf(missing !== undefined)('docker-compose.yml', () => {
  it('is as the compose specification wants it', async () => {
    const path = execFileSync('/usr/bin/python3', ['-c', SCHEMA_PATH], { encoding: 'utf8' }).trim()
    // It names its dialect by an address that is none, its parts in the way of an older one, and formats that only
    // docker-compose knows.
    const withoutIds = (key: string, value: unknown) =>
      key === 'id' && typeof value === 'string' ? undefined : value
    const { $schema, ...schema } = JSON.parse(await readFile(path, 'utf8'), withoutIds)
    expect($schema).toContain('2019-09')
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema)
    const isValid = validate(project)
    expect(validate.errors).toBeNull()
    expect(isValid).toBe(true)
    expect(validate({ ...project, services: { node: { image: 7 } } })).toBe(false)
  })

  it('is read by docker-compose with every profile, which says nothing against it', () => {
    for (const profile of ['', 'redis', 'postgres']) {
      const env = { ...process.env, COMPOSE_PROFILES: profile }
      const read = spawnSync('docker-compose', ['--file', FILE, 'config'], { encoding: 'utf8', env })
      expect({ code: read.status, stderr: read.stderr }).toEqual({ code: 0, stderr: '' })
      expect(Object.keys(parse(read.stdout).services).sort()).toEqual(
        ['certbot', 'introduce', 'nginx', 'node1', 'node2', 'node3', 'postgres', 'redis'].sort(),
      )
    }
  })
})

describe('what docker-compose.yml says', () => {
  it('gives nodes no secret but by a file, and longer to stop than they take', async () => {
    const { config } = await loadConfig({ flags: {}, env: {}, cwd: CHECKOUT })
    for (const name of ['node1', 'node2', 'node3']) {
      const node = project.services[name]
      expect(node.environment.PMESH_PASSPHRASE_FILE).toBe('/run/secrets/passphrase')
      expect(Number.parseInt(node.stop_grace_period, 10) * 1000).toBeGreaterThanOrEqual(
        config.stopTimeoutMs + 15_000,
      )
    }
    expect(text).not.toMatch(/PASSPHRASE:|PASSWORD:|:\/\/[^/\s]*:[^/\s]*@/)
    for (const { file } of Object.values<{ file: string }>(project.secrets)) {
      expect(file).toMatch(/^\.\/containers\/secrets\//)
    }
    expect(await readFile(join(CHECKOUT, '.gitignore'), 'utf8')).toContain('/containers/\n')
  })

  it('has node 1 believe nginx who calls, and nobody else who is on that network', () => {
    const { node1, nginx } = project.services
    const subnet = new BlockList()
    const [address = '', bits] = project.networks.front.ipam.config[0].subnet.split('/')
    subnet.addSubnet(address, Number(bits))
    const addresses = [node1, nginx].map(({ networks }) => networks.front.ipv4_address)
    expect(addresses.map((one) => subnet.check(one))).toEqual([true, true])
    // The first is the engine's, which is this machine.
    const gateway = address.replace(/\d+$/, (last: string) => `${Number(last) + 1}`)
    expect(new Set([...addresses, gateway]).size).toBe(3)
    expect(node1.environment.PMESH_API_PROXIES).toBe(nginx.networks.front.ipv4_address)
    const others = Object.entries<{ networks?: object }>(project.services)
      .filter(([, { networks }]) => JSON.stringify(networks ?? []).includes('front'))
      .map(([name]) => name)
    expect(others).toEqual(['node1', 'nginx'])
  })

  it('bounds the log of every service', () => {
    for (const [name, { logging }] of Object.entries<{ logging?: object }>(project.services)) {
      expect({ name, logging }).toEqual({
        name,
        // Of a driver that has these options, whichever is the engine's.
        logging: {
          driver: 'json-file',
          options: { 'max-size': expect.stringMatching(/^\d+m$/), 'max-file': expect.stringMatching(/^\d$/) },
        },
      })
    }
  })

  it('has certbot put its proofs where nginx serves them', async () => {
    const { certbot, nginx } = project.services
    const proofs = 'acme:/var/www/acme'
    expect(certbot.volumes).toContain(proofs)
    expect(nginx.volumes).toContain(proofs)
    const served = await readFile(join(CHECKOUT, 'setup/nginx/pastel-mesh/acme.conf'), 'utf8')
    expect(served).toContain('root /var/www/acme;')
    const guide = await readFile(join(CHECKOUT, 'docs/guides/containers.md'), 'utf8')
    expect(guide).toContain('run --rm certbot certonly --webroot -w /var/www/acme -d ')
  })

  it('gives them variables that exist', async () => {
    const image = imageConfig((await readDockerfile(join(CHECKOUT, 'Dockerfile'))).at(-1)?.instructions ?? [])
    for (const name of ['node1', 'node2', 'node3']) {
      const { PMESH_CONFIG: _, ...env } = { ...image.env, ...project.services[name].environment }
      const { warnings, config } = await loadConfig({ flags: {}, env, cwd: '/' })
      expect(warnings).toEqual([])
      expect(config.members).toBe('file')
    }
  })
})

describe.skipIf(missing !== undefined || !isRoot)('setup/containers/prepare', () => {
  it('makes secrets that are each their own, for those who need them, and keeps what is there', async () => {
    const { folder, prepare, read } = await prepared('mesh.test')
    const other = await prepared('mesh.test')
    for (const name of ['passphrase', 'queue-password']) {
      expect((await read(`secrets/${name}`)).trim()).toMatch(/^[\w-]{32}$/)
      expect(await read(`secrets/${name}`)).not.toBe(await other.read(`secrets/${name}`))
    }
    for (const [name, owner] of Object.entries({
      passphrase: 1000,
      'pmesh.yaml': 1000,
      'redis.conf': 999,
      'queue-password': 999,
    })) {
      const { uid, mode } = await stat(join(folder, 'containers/secrets', name))
      expect({ name, uid, mode: mode & 0o777 }).toEqual({ name, uid: owner, mode: 0o400 })
    }
    const settings = join(folder, 'containers/secrets/pmesh.yaml')
    await writeFile(settings, `${await readFile(settings, 'utf8')}log: {level: debug}\n`)
    const before = await read('secrets/passphrase')
    prepare('mesh.test', 'redis')
    expect(await read('secrets/passphrase')).toBe(before)
    const password = await read('secrets/queue-password')
    const { config } = await loadConfig({ flags: {}, env: { PMESH_CONFIG: settings }, cwd: '/' })
    expect(config).toMatchObject({ topics: ['prices'], queue: { driver: `redis://:${password}@redis:6379` } })
    expect(await read('secrets/pmesh.yaml')).toContain('log: {level: debug}')
    expect(await read('secrets/redis.conf')).toContain(`requirepass ${password}\n`)
    expect(await read('nginx/pastel-mesh.conf')).toContain('server_name mesh.test;')
    expect(await read('nginx/pastel-mesh-upstreams.conf')).toContain('server node1:7123;')
  })

  it('leaves the files of nginx that were edited as they are', async () => {
    const { folder, prepare, read } = await prepared('mesh.test')
    const names = ['pastel-mesh.conf', 'pastel-mesh-http.conf', 'pastel-mesh-upstreams.conf']
    expect((await readdir(join(folder, 'containers/nginx'))).sort()).toEqual(names.toSorted())
    for (const name of names) await writeFile(join(folder, 'containers/nginx', name), `# edited ${name}\n`)
    prepare('mesh.test', 'postgres')
    for (const name of names) expect(await read(`nginx/${name}`)).toBe(`# edited ${name}\n`)
  })

  it('has nginx log requests where the engine finds and bounds it, and not in the container', async () => {
    const { read } = await prepared('mesh.test')
    expect(await read('nginx/pastel-mesh.conf')).toContain('access_log /dev/stdout pmesh if=$pmesh_logged;')
    const files = ['pastel-mesh.conf', 'pastel-mesh-http.conf', 'pastel-mesh-upstreams.conf']
    for (const name of files) expect(await read(`nginx/${name}`)).not.toContain('/var/log')
  })
})
