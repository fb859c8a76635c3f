import { readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { dataFolder } from '../data-folder.ts'
import type { Finding } from './check.ts'
import { hasOpen, lockHolder } from './lock-holder.ts'

/** What is said of a node whose process cannot be looked at by the number that it has of itself. */
export const ELSEWHERE: Finding = {
  state: 'not-checked',
  message: 'it runs in another process namespace, such as a container',
}

/**
 * Whether the number that a node which answered has of itself is that of another process here, or of none. A process has another
 * number outside of its namespace; what has the database of the folder open is the node.
 */
export async function runsElsewhere(dataDir: string, pid: number): Promise<boolean> {
  const locks = await readFile('/proc/locks', 'utf8').catch(() => undefined)
  const path = await realpath(join(dataFolder(dataDir).database, 'LOCK')).catch(() => undefined)
  // Where there is no such system nobody is looked at by a number.
  if (locks === undefined || path === undefined) return false
  const holder = await lockHolder(locks, path)
  if (holder === pid) return false
  if (holder === undefined || holder <= 0) return !(await hasOpen(pid, path))
  const numbers = await numbersOf(holder)
  return numbers === undefined || (numbers.length > 1 && numbers.at(-1) === pid)
}

/** The numbers of a process, from here to its own namespace; undefined: it may not be looked at. */
async function numbersOf(pid: number): Promise<readonly number[] | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return /^NSpid:\s+(.+)$/m.exec(text)?.[1]?.split(/\s+/).map(Number)
}
