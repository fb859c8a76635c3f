import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { makeCheapIdentity } from '../../node/test/fixtures/cheap-identity.ts'
import { runCli } from '../../node/test/fixtures/cli.ts'
import { startNode } from '../../node/test/fixtures/running-node.ts'
import { createClient } from '../../sdk-client/src/index.ts'
import { missingForNamespaces } from '../src/chaos/network/namespace.ts'
import { findBinary } from '../src/fixtures/find-binary.ts'
import { freePort } from '../src/mesh/free-port.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { CertificateAuthority } from '../src/nginx/certificate-authority.ts'
import { missingForNginx, Nginx } from '../src/nginx/nginx.ts'
import { copyShipped, makeRoot, NAME, type NginxPlaces, relocated } from '../src/nginx/shipped-files.ts'
import { fetchFrom } from './fixtures/fetch-from.ts'
import { httpsCall } from './fixtures/https-call.ts'
import { START_MS } from './fixtures/served-behind-nginx.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const GUIDE = fileURLToPath(new URL('../../../docs/guides/behind-nginx.md', import.meta.url))

/** As Debian has it when nginx was installed. */
const BEFORE = 'events {} http { include /etc/nginx/conf.d/*.conf; } pid /run/nginx.pid; user www-data;'

const README = fileURLToPath(new URL('../../../README.md', import.meta.url))

/** The shortest form. */
async function readmeExample(): Promise<string> {
  const code = /```\n(apt-get install -y nginx [\s\S]*?)```/.exec(await readFile(README, 'utf8'))?.[1]
  if (code === undefined) throw new Error('README has no example with nginx')
  return code
}

async function example(name: string): Promise<string> {
  const text = await readFile(GUIDE, 'utf8')
  const code = new RegExp(`<!-- example: ${name} -->\\n\`\`\`\\w+\\n([^]*?)\`\`\``).exec(text)?.[1]
  if (code === undefined) throw new Error(`the guide has no example ${name}`)
  return code.replaceAll('node.example # yours', NAME)
}

/** In the place of programs that change the machine: what they are asked for is done in the folder. */
async function standIns({ root, plainPort }: NginxPlaces): Promise<string> {
  const folder = join(root, 'bin')
  await mkdir(folder)
  const nginx = `${findBinary('nginx')} -c ${root}/etc/nginx/nginx.conf -p ${root}`
  const programs = {
    'apt-get': 'exit 0',
    nginx: `exec ${nginx} "$@"`,
    // Whoever edits has a certificate.
    editor: `
sed -i 's/node\\.example/${NAME}/' "$@"
mkdir -p "${root}/etc/letsencrypt/live" && cp -r "${root}/issued" "${root}/etc/letsencrypt/live/${NAME}"`,
    systemctl: `[ "$*" = 'reload nginx' ] && exec ${nginx} -s reload`,
    // The authority asks for the proof by the name, without TLS.
    certbot: `
[ "$1 $2 $3 $5" = 'certonly --webroot -w -d' ] || exit 1
mkdir -p "$4/.well-known/acme-challenge" && echo proof >"$4/.well-known/acme-challenge/token"
answered=
for attempt in $(seq 100); do
  exec 3<>/dev/tcp/127.0.0.1/${plainPort} || { sleep 0.05; continue; }
  printf 'GET /.well-known/acme-challenge/token HTTP/1.0\\r\\nhost: %s\\r\\n\\r\\n' "$6" >&3
  grep -q proof <&3 && answered=yes && break
done
[ -n "$answered" ] && mkdir -p "${root}/etc/letsencrypt/live" && cp -r "${root}/issued" "${root}/etc/letsencrypt/live/$6"`,
  }
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/bash\n${text}\n`)
    await chmod(join(folder, name), 0o755)
  }
  return folder
}

/** A machine on which nothing was done yet but the installation of nginx. */
async function machine(before = BEFORE) {
  const root = await temporaryFolder()
  const [port, plainPort, apiPort, peersPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const places: NginxPlaces = { root, port, plainPort, apiPort, peersPort }
  await makeRoot(root)
  await copyShipped(join(root, 'clone/setup/nginx'), places)
  await writeFile(join(root, 'etc/nginx/nginx.conf'), relocated(before, places))
  const authority = await CertificateAuthority.create(join(root, 'authority'))
  await authority.issue(join(root, 'issued'), [NAME])
  const nginx = await Nginx.spawn(places, authority)
  onTestFinished(() => nginx.stop())
  const bin = await standIns(places)
  return {
    ...{ root, apiPort, nginx, authority },
    async follow(text: string): Promise<void> {
      const script = relocated(text, places)
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` }
      await promisify(execFile)('bash', ['-euc', script], { cwd: join(root, 'clone'), env })
    },
  }
}

test.skipIf(missingForNginx !== undefined)(
  'the guide: from an nginx that was just installed to TLS in front of a node, with certbot and with a certificate',
  async () => {
    const { root, apiPort, nginx, authority, follow } = await machine()
    const dataDir = await temporaryFolder()
    await makeCheapIdentity(dataDir)
    const settings = (await example('node')).replaceAll('https://node.example', nginx.url)
    await writeFile(join(dataDir, 'pmesh.yaml'), settings)
    expect(await runCli(['config', 'check', '--data', dataDir])).toMatchObject({ code: 0, stderr: '' })

    await follow(await example('nginx'))
    expect(await readFile(join(root, 'etc/nginx/nginx.conf.~1~'), 'utf8')).toContain('events {} http {')
    const livez = () => httpsCall({ port: nginx.port, ca: authority.certificate, path: '/livez' })
    // Until the node is there.
    await expect.poll(async () => (await livez().catch(() => undefined))?.status).toBe(503)
    const args = ['--api-listen', `127.0.0.1:${apiPort}`, '--metrics-listen', 'off']
    const fetch = fetchFrom({ port: nginx.port, ca: authority.certificate })
    const { api } = createClient({ url: nginx.url, fetch })
    await expect(api.service.ping.query()).rejects.toMatchObject({
      ...{ code: 'ERR_UNREACHABLE', httpStatus: 503, retryAfterMs: 1_000, retryable: true },
    })
    const node = await startNode({ dataDir, args })
    onTestFinished(() => node.remove())
    const { status, body } = await livez()
    expect(status).toBe(200)
    expect(await readFile(GUIDE, 'utf8')).toContain(`/livez                           # ${body}\n`)

    await mkdir(join(root, 'etc/ssl/node'), { recursive: true })
    const other = await CertificateAuthority.create(join(root, 'own'))
    await other.issue(join(root, 'own'), [NAME])
    await cp(join(root, 'own/fullchain.pem'), join(root, 'etc/ssl/node/chain.pem'))
    await cp(join(root, 'own/privkey.pem'), join(root, 'etc/ssl/node/key.pem'))
    await follow(await example('own-certificate'))
    const again = () => httpsCall({ port: nginx.port, ca: other.certificate, path: '/livez' })
    await expect.poll(async () => (await again().catch(() => undefined))?.status).toBe(200)
  },
  START_MS,
)

test.skipIf(missingForNginx !== undefined)(
  'the shortest form, of README: TLS, and what nginx served before goes on',
  async () => {
    const otherPort = await freePort()
    const other = `server { listen ${otherPort}; return 200 other; } include`
    const { root, nginx, authority, follow } = await machine(BEFORE.replace('include', other))
    const before = await readFile(join(root, 'etc/nginx/nginx.conf'), 'utf8')
    await follow(await readmeExample())
    const livez = () => httpsCall({ port: nginx.port, ca: authority.certificate, path: '/livez' })
    // There is no node.
    await waitUntil(async () => (await livez()).status === 503, { what: 'nginx to serve' })
    expect(await (await fetch(`http://127.0.0.1:${otherPort}/`)).text()).toBe('other')
    expect(await readFile(join(root, 'etc/nginx/nginx.conf'), 'utf8')).toBe(before)
  },
  START_MS,
)

const noNamespaces = missingForNamespaces()
if (noNamespaces !== undefined) console.warn(noNamespaces)

test.skipIf(noNamespaces !== undefined)(
  'the firewall takes 300 connections of one address, of IPv6 of one network',
  async () => {
    const file = join(await temporaryFolder(), 'nftables.conf')
    await writeFile(file, await example('firewall'))
    const script = `
ip link set lo up
ip addr add 2001:db8::1/64 dev lo nodad
ip addr add 2001:db8::2/64 dev lo nodad
ip addr add 2001:db8:0:1::1/64 dev lo nodad
nft -f '${file}'
exec '${process.execPath}' '${fileURLToPath(new URL('./fixtures/count-connections.ts', import.meta.url))}'`
    const { stdout } = await promisify(execFile)('unshare', ['--net', 'bash', '-euc', script])
    expect(JSON.parse(stdout)).toEqual({
      '127.0.0.1': 300,
      '127.0.0.2': 300,
      // One network.
      '2001:db8::1': 300,
      '2001:db8::2': 0,
      '2001:db8:0:1::1': 300,
    })
  },
)

test('what the guide and the files say of each other is there', async () => {
  const text = await readFile(GUIDE, 'utf8')
  const folder = fileURLToPath(new URL('../../../setup/nginx/', import.meta.url))
  const named = [...text.matchAll(/`((?:conf\.d|pastel-mesh)\/[\w-]+\.conf)`/g)].map(([, path]) => path)
  expect(new Set(named).size).toBeGreaterThan(4)
  for (const path of named) await expect(readFile(join(folder, path ?? ''))).resolves.toBeDefined()
  const limits = await readFile(join(folder, 'pastel-mesh/limits.conf'), 'utf8')
  const node = await readFile(join(folder, 'pastel-mesh/node.conf'), 'utf8')
  const figures: readonly (readonly [string, string, string])[] = [
    ['pmesh_calls', '1000r/s', 'burst=4000'],
    ['pmesh_strangers', '10r/s', 'burst=100'],
    ['pmesh_logins', '2r/s', 'burst=40'],
    ['pmesh_dials', '5r/s', 'burst=20'],
  ]
  for (const [zone, rate, burst] of figures) {
    expect(limits).toContain(`zone=${zone}:10m rate=${rate};`)
    expect(node).toContain(`limit_req zone=${zone} ${burst} nodelay;`)
    const shown = (figure: string) => Number(/\d+/.exec(figure)?.[0]).toLocaleString('en')
    expect(text).toContain(`${shown(rate)} `)
    expect(text).toContain(`${shown(burst)} at once`)
  }
  // One that has a limit of its own inherits none.
  expect(node).not.toMatch(/^\s+limit_/m)
  for (const [zone, count] of [
    ['pmesh_open', 200],
    ['pmesh_large', 8],
    ['pmesh_large_all', 256],
    ['pmesh_peers', 20],
  ])
    expect(node).toContain(`limit_conn ${zone} ${count};`)
})
