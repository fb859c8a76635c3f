import { readdir, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Which process has a file locked. @param locks text of /proc/locks: `1: POSIX  ADVISORY  WRITE 123 fe:00:4567 0 EOF` */
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

/** Whether a process has a file open; it has not, where it may not be looked at. @param path the real one */
export async function hasOpen(pid: number, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const files = await readdir(folder).catch(() => [])
  const targets = await Promise.all(files.map((file) => readlink(join(folder, file)).catch(() => '')))
  return targets.includes(path)
}
