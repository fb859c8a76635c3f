import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { dataFolder } from '../data-folder.ts'
import { pmeshCommand } from '../pmesh-command.ts'
import type { Check } from './check.ts'
import { describeProcess } from './processes.ts'

/** Which process has the database. */
export const lockCheck: Check = {
  name: 'database',
  timeoutMs: 5_000,
  async run({ dataDir, node }) {
    const path = join(dataFolder(dataDir).database, 'LOCK')
    const file = await stat(path).catch((error: NodeJS.ErrnoException) => error)
    if (file instanceof Error) {
      return [
        file.code === 'ENOENT' || file.code === 'ENOTDIR'
          ? { state: 'ok', message: 'none yet: the first start makes it' }
          : { state: 'not-checked', message: file.message },
      ]
    }
    const locks = await readFile('/proc/locks', 'utf8').catch(() => undefined)
    if (locks === undefined)
      return [{ state: 'not-checked', message: 'this system does not tell who has a file locked' }]
    const pid = await lockHolder(locks, path)
    if (pid === undefined) {
      if (node.kind !== 'running') return [{ state: 'ok', message: 'no process has it open' }]
      return [{ state: 'not-checked', message: 'the system does not show who has it open' }]
    }
    const measured = { pid }
    if (node.kind === 'running' && node.status.pid === pid) {
      return [{ state: 'ok', message: `the node has it open, process ${pid}`, measured }]
    }
    const who = pid > 0 ? await describeProcess(pid) : 'a process of another container'
    return [
      {
        state: 'failed',
        message: `${who} has it open, and is no node that answers on the socket of this folder`,
        advice:
          pid > 0
            ? `end it with "kill ${pid}", or give this node another folder: "${pmeshCommand('start', 'FOLDER')}"`
            : 'stop that container: a folder is for one node',
        measured,
      },
    ]
  },
}

/** @param locks text of /proc/locks: `1: POSIX  ADVISORY  WRITE 123 fe:00:4567 0 EOF` */
export async function lockHolder(locks: string, path: string): Promise<number | undefined> {
  const [real, { dev, ino }] = await Promise.all([realpath(path), stat(path)])
  for (const line of locks.split('\n')) {
    const [, kind, , , word, place = ''] = line.trim().split(/\s+/)
    if (kind !== 'POSIX' || !place.endsWith(`:${ino}`)) continue
    const pid = Number(word)
    // Each file system counts its files; of some, such as btrfs, the numbers differ from what files say of themselves.
    if (place === `${deviceOf(dev)}:${ino}` || (await hasOpen(pid, real))) return pid
  }
  return undefined
}

/** As the system writes it: `fe:00`. */
function deviceOf(dev: number): string {
  const major = (dev >>> 8) & 0xfff
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00)
  return [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':')
}

async function hasOpen(pid: number, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const files = await readdir(folder).catch(() => [])
  const targets = await Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => '')))
  return targets.includes(path)
}
