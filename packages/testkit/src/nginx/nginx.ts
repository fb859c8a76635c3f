import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findBinary } from '../fixtures/find-binary.ts'
import { freePort } from '../mesh/free-port.ts'
import { waitUntil } from '../mesh/wait-until.ts'
import { CertificateAuthority } from './certificate-authority.ts'
import { copyShipped, makeRoot, NAME, type NginxPlaces, setName } from './shipped-files.ts'

const run = promisify(execFile)

const binary = findBinary('nginx')

export const missingForNginx =
  binary === undefined || findBinary('openssl') === undefined
    ? 'Tests with nginx are skipped: it or openssl is missing (apt-get install nginx openssl).'
    : undefined

export interface NginxOptions {
  /** Ports of the node. */
  readonly apiPort: number
  readonly peersPort: number
  /** A further file for `conf.d`. @default none */
  readonly further?: string
}

/** A line of the log of requests, as limits.conf has it. */
export interface LoggedRequest {
  readonly address: string
  readonly path: string
  readonly status: number
  /** How long it took. */
  readonly seconds: number
  /** What became of it by the limits, such as `PASSED` and `REJECTED`. */
  readonly requests: string
  readonly connections: string
}

/**
 * The real nginx with the files of setup/nginx, in which nothing is other than the name, ports and paths; with a
 * certificate of an authority of its own. It does not outlive this process.
 */
export class Nginx {
  readonly authority: CertificateAuthority
  readonly port: number
  /** Without TLS. */
  readonly plainPort: number
  readonly #root: string
  readonly #child: ChildProcess

  /** @param root a new folder, in the place of `/` */
  static async start(root: string, { further, ...ports }: NginxOptions): Promise<Nginx> {
    const places = { ...ports, root, port: await freePort(), plainPort: await freePort() }
    const authority = await CertificateAuthority.create(join(root, 'authority'))
    await makeRoot(root)
    await copyShipped(join(root, 'etc/nginx'), places)
    await setName(join(root, 'etc/nginx'), NAME)
    if (further !== undefined) await writeFile(join(root, 'etc/nginx/conf.d/further.conf'), further)
    await run('openssl', [
      ...['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048'],
      ...['-out', join(root, 'etc/nginx/dhparam.pem')],
    ])
    await authority.issue(certificateFolder(root), [NAME])
    await run(binary ?? 'nginx', [...argumentsIn(root), '-t'])
    return Nginx.spawn(places, authority)
  }

  /** Of a folder in which everything is there. */
  static async spawn(places: NginxPlaces, authority: CertificateAuthority): Promise<Nginx> {
    const command = [...argumentsIn(places.root), '-g', 'daemon off;']
    const child = spawn(binary ?? 'nginx', command, { stdio: 'inherit' })
    const nginx = new Nginx(places, authority, child)
    process.on('exit', nginx.#end)
    child.once('exit', () => process.off('exit', nginx.#end))
    try {
      await waitUntil(() => readFile(join(places.root, 'run/nginx.pid'), 'utf8'), { what: 'nginx to run' })
      await waitUntil(async () => (await nginx.workers()).length > 0, { what: 'nginx to serve' })
    } catch (cause) {
      await nginx.stop()
      throw cause
    }
    return nginx
  }

  private constructor(
    { root, port, plainPort }: NginxPlaces,
    authority: CertificateAuthority,
    child: ChildProcess,
  ) {
    this.#root = root
    this.authority = authority
    this.port = port
    this.plainPort = plainPort
    this.#child = child
  }

  get url(): string {
    return `https://${NAME}:${this.port}`
  }

  /** Where the proofs for an authority are. */
  get webroot(): string {
    return join(this.#root, 'var/www/acme')
  }

  /** Where its files are; what is changed in them holds with a reload. */
  get settings(): string {
    return join(this.#root, 'etc/nginx')
  }

  get certificateFile(): string {
    return join(certificateFolder(this.#root), 'fullchain.pem')
  }

  /** Processes that serve; after a reload those that end, too. */
  async workers(): Promise<number[]> {
    const { pid } = this.#child
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.split(' ').filter(Boolean).map(Number)
  }

  /** Another certificate, of the same authority; nginx takes it with a reload. */
  issue(): Promise<void> {
    return this.authority.issue(certificateFolder(this.#root), [NAME])
  }

  /** `nginx -s reload`; resolves when others serve. */
  async reload(): Promise<void> {
    const before = await this.workers()
    await run(binary ?? 'nginx', [...argumentsIn(this.#root), '-s', 'reload'])
    await waitUntil(async () => (await this.workers()).some((pid) => !before.includes(pid)), {
      what: 'new workers',
    })
  }

  /** What is in one of its logs: that of the node's name, that of errors, or where everything else goes. */
  log(name: 'pastel-mesh' | 'error' | 'access'): Promise<string> {
    return readFile(join(this.#root, `var/log/nginx/${name}.log`), 'utf8')
  }

  /** What got to the node over TLS: requests that have ended. */
  async requests(): Promise<LoggedRequest[]> {
    const text = await this.log('pastel-mesh')
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#end()
    await exit
  }

  /** With its workers, which a harder signal would leave. */
  readonly #end = (): void => void this.#child.kill('SIGTERM')
}

function argumentsIn(root: string): string[] {
  return ['-c', join(root, 'etc/nginx/nginx.conf'), '-p', root]
}

function certificateFolder(root: string): string {
  return join(root, 'etc/letsencrypt/live', NAME)
}
