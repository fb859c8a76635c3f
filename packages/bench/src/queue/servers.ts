import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findBinary, waitUntil } from '@pastel-mesh/testkit'

/** A server that the benchmark started, with its data in the folder it was given. */
export interface Server {
  /** What a client connects to. */
  readonly address: string
  stop(): Promise<void>
}

const run = promisify(execFile)

/** What is not there for a server; undefined if nothing. */
export function missingFor(server: 'redis' | 'postgresql'): string | undefined {
  if (server === 'redis') {
    return findBinary('redis-server') === undefined ? 'redis-server (package redis-server)' : undefined
  }
  const missing = ['initdb', 'pg_ctl'].filter((name) => findBinary(name) === undefined)
  return missing.length === 0 ? undefined : `${missing.join(' and ')} (package postgresql)`
}

/**
 * A Redis that keeps a log on disk, and nothing else there, on a socket.
 * @param fsync `always`: what is acknowledged is synced; `everysec`: a power cut loses the last second
 */
export async function startRedis(folder: string, fsync: 'everysec' | 'always'): Promise<Server> {
  const address = join(folder, 'redis.sock')
  const server = ['--port', '0', '--unixsocket', address, '--dir', folder]
  const keeping = ['--appendonly', 'yes', '--appendfsync', fsync, '--save', '']
  const child = spawn(findBinary('redis-server') ?? '', [...server, ...keeping], { stdio: 'ignore' })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  try {
    await waitUntil(() => answers(address), { what: 'Redis' })
  } catch (error) {
    await stop()
    throw error
  }
  return { address, stop }
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address, () => socket.end(() => resolve(true)))
    socket.on('error', () => resolve(false))
  })
}

/** A PostgreSQL with its defaults, which sync each commit, on a socket. It refuses to run as root: then as `postgres`. */
export async function startPostgresql(folder: string): Promise<Server> {
  const data = join(folder, 'postgresql')
  await mkdir(data)
  const user = await unprivileged()
  if (user !== undefined) {
    await chown(folder, user.uid, user.gid)
    await chown(data, user.uid, user.gid)
  }
  const options = { cwd: folder, ...user }
  await run(findBinary('initdb') ?? '', ['-D', data, '-U', 'bench', '--auth=trust', '--no-sync'], options)
  const control = (...args: string[]) => run(findBinary('pg_ctl') ?? '', ['-D', data, '-w', ...args], options)
  const server = `-k ${folder} -c listen_addresses= -c max_connections=100`
  await control('-t', '60', '-o', server, '-l', join(folder, 'log'), 'start')
  return {
    address: `postgresql:///postgres?host=${encodeURIComponent(folder)}&user=bench`,
    stop: async () => {
      await control('-m', 'fast', 'stop')
    },
  }
}

async function unprivileged(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const id = async (kind: string) => Number((await run('id', [kind, 'postgres'])).stdout)
  return { uid: await id('-u'), gid: await id('-g') }
}
