import { readdir, readFile, readlink } from 'node:fs/promises'

/** A process by its number and what it runs, such as `process 123 (nginx)`. */
export async function describeProcess(pid: number): Promise<string> {
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined)
  return name === undefined ? `process ${pid}` : `process ${pid} (${name.trim()})`
}

/**
 * The processes that have some of these open, such as `socket:[123]`; those of other users cannot be looked at but by root.
 * @returns by what they have open
 */
export async function holdersOf(targets: ReadonlySet<string>): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  const names = await readdir('/proc').catch(() => [])
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue
    const files = await readdir(`/proc/${name}/fd`).catch(() => [])
    for (const file of files) {
      const target = await readlink(`/proc/${name}/fd/${file}`).catch(() => '')
      if (targets.has(target) && !found.has(target)) found.set(target, Number(name))
    }
  }
  return found
}
