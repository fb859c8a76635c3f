import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, glob, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { findBinary } from '../fixtures/find-binary.ts'
import { freePort } from '../mesh/free-port.ts'
import { waitUntil } from '../mesh/wait-until.ts'
import { CertificateAuthority } from './certificate-authority.ts'

const run = promisify(execFile)

/** What operators copy. */
const SHIPPED = fileURLToPath(new URL('../../../../setup/nginx/', import.meta.url))
/** The name that resolves everywhere. */
const NAME = 'localhost'
/** Debian's nginx wants these where only root may write. */
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']

const binary = findBinary('nginx')

export const missingForNginx =
  binary === undefined
    ? 'Tests with nginx are skipped: there is none (apt-get install nginx openssl).'
    : undefined

export interface NginxOptions {
  /** Ports of the node. */
  readonly apiPort: number
  readonly peersPort: number
}

/** A line of the log of requests, as limits.conf has it. */
export interface LoggedRequest {
  readonly address: string
  readonly method: string
  readonly path: string
  readonly protocol: string
  readonly status: number
  readonly bytes: number
  readonly seconds: number
  readonly requests: string
  readonly connections: string
}

/**
 * The real nginx with the files of setup/nginx, in which nothing is other than the name, ports and paths; from an
 * authority of its own. It does not outlive this process.
 */
export class Nginx {
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly port: number
  /** Without TLS. */
  readonly plainPort: number
  readonly #child: ChildProcess

  /** @param folder a new one: whoever is not root must be able to read it */
  static async start(folder: string, options: NginxOptions): Promise<Nginx> {
    const [port, plainPort] = [await freePort(), await freePort()]
    const authority = await CertificateAuthority.create(join(folder, 'authority'))
    await authority.issue(join(folder, 'certificate'), [NAME])
    await fillIn(folder, { ...options, port, plainPort })
    await check(folder)
    const child = spawn(binary ?? 'nginx', [...argumentsIn(folder), '-g', 'daemon off;'], {
      stdio: 'inherit',
    })
    const nginx = new Nginx(folder, authority, { port, plainPort, child })
    process.on('exit', nginx.#end)
    child.once('exit', () => process.off('exit', nginx.#end))
    try {
      await waitUntil(() => isListening(port), { what: 'nginx to listen' })
    } catch (cause) {
      await nginx.stop()
      throw cause
    }
    return nginx
  }

  private constructor(
    folder: string,
    authority: CertificateAuthority,
    { port, plainPort, child }: { port: number; plainPort: number; child: ChildProcess },
  ) {
    this.folder = folder
    this.authority = authority
    this.port = port
    this.plainPort = plainPort
    this.#child = child
  }

  get url(): string {
    return `https://${NAME}:${this.port}`
  }

  /** Processes that serve; after a reload those that end, too. */
  async workers(): Promise<number[]> {
    const { pid } = this.#child
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.trim().split(' ').map(Number)
  }

  /** Another certificate, of the same authority; nginx takes it with a reload. */
  issue(): Promise<void> {
    return this.authority.issue(join(this.folder, 'certificate'), [NAME])
  }

  /** `nginx -s reload`; resolves when others serve. */
  async reload(): Promise<void> {
    const before = await this.workers()
    await run(binary ?? 'nginx', [...argumentsIn(this.folder), '-s', 'reload'])
    await waitUntil(async () => (await this.workers()).some((pid) => !before.includes(pid)), {
      what: 'new workers',
    })
  }

  /** What was served over TLS: requests that have ended. */
  async requests(): Promise<LoggedRequest[]> {
    const text = await readFile(join(this.folder, 'log/pastel-mesh.log'), 'utf8')
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

/** Says what is wrong with the files: `nginx -t`. */
async function check(folder: string): Promise<void> {
  await run(binary ?? 'nginx', [...argumentsIn(folder), '-t'])
}

function argumentsIn(folder: string): string[] {
  return ['-c', join(folder, 'nginx.conf'), '-p', folder]
}

/** The files as they are shipped, with the name, the ports and the paths of this one. */
async function fillIn(
  folder: string,
  { apiPort, peersPort, port, plainPort }: NginxOptions & { port: number; plainPort: number },
): Promise<void> {
  await cp(SHIPPED, folder, { recursive: true })
  // Workers are not root.
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'log'))
  await mkdir(join(folder, 'acme'))
  const changes: readonly (readonly [RegExp, string])[] = [
    [/\/etc\/letsencrypt\/live\/node\.example\//g, `${folder}/certificate/`],
    [/\/etc\/nginx\//g, `${folder}/`],
    [/\/var\/log\/nginx\//g, `${folder}/log/`],
    [/\/run\/nginx\.pid/g, `${folder}/nginx.pid`],
    [/\/var\/www\/acme/g, `${folder}/acme`],
    [/server_name node\.example/g, `server_name ${NAME}`],
    [/listen (\[::\]:)?443/g, `listen $1${port}`],
    [/listen (\[::\]:)?80/g, `listen $1${plainPort}`],
    [/127\.0\.0\.1:7123/g, `127.0.0.1:${apiPort}`],
    [/127\.0\.0\.1:7126/g, `127.0.0.1:${peersPort}`],
  ]
  for await (const file of glob('{nginx.conf,{conf.d,pastel-mesh}/*.conf}', { cwd: folder })) {
    const path = join(folder, file)
    const text = await readFile(path, 'utf8')
    await writeFile(
      path,
      changes.reduce((before, [from, to]) => before.replace(from, to), text),
    )
  }
  await writeFile(
    join(folder, 'conf.d/paths.conf'),
    TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};\n`).join(''),
  )
  await run('openssl', [
    ...['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048'],
    ...['-out', join(folder, 'dhparam.pem')],
  ])
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
