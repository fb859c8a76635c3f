import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder, and those above it, for their owner only, where there are none. Node's own recursive `mkdir` tries
 * for ever where the system answers that a folder cannot be made although the one above is there, as in `/proc`;
 * this tries each once. Throws the system's own errors; EEXIST and ENOTDIR where something else is in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  let folder = resolve(path)
  // Ends at the root, which is there.
  while (!(await isFolder(folder))) {
    missing.push(folder)
    folder = dirname(folder)
  }
  for (const each of missing.reverse()) await makeOne(each)
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    // Another process was faster; or it is a link that leads nowhere.
    if (hasCode(error, 'EEXIST') && (await isFolder(path))) return
    throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
  throw Object.assign(new Error(`ENOTDIR: not a directory, '${path}'`), { code: 'ENOTDIR' })
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code
}
