import { readFile, realpath } from 'node:fs/promises'

/** A file system, where it is mounted. */
export interface Mount {
  readonly point: string
  /** Such as `ext4` or `fuse.sshfs`. */
  readonly type: string
  /** Of the mount and of the file system: `rw`, `noatime`, `barrier=0`. */
  readonly options: readonly string[]
}

/** The one that a file is on; undefined: the system does not tell. */
export async function mountOf(path: string): Promise<Mount | undefined> {
  try {
    const [real, text] = await Promise.all([realpath(path), readFile('/proc/self/mountinfo', 'utf8')])
    return findMount(text, real)
  } catch {
    return undefined
  }
}

/** @param text of /proc/self/mountinfo; @param path without symbolic links */
export function findMount(text: string, path: string): Mount | undefined {
  let found: Mount | undefined
  for (const line of text.split('\n')) {
    const [before = '', after] = line.split(' - ')
    const fields = before.split(' ')
    const point = unescaped(fields[4] ?? '')
    const [type, , superOptions = ''] = (after ?? '').split(' ')
    if (type === undefined || type === '' || !isBelow(path, point)) continue
    // Of those on one point the last hides the others.
    if (found !== undefined && point.length < found.point.length) continue
    found = { point, type, options: [...(fields[5] ?? '').split(','), ...superOptions.split(',')] }
  }
  return found
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`)
}

/** Spaces and the like are there as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
