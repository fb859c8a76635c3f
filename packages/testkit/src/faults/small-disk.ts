import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MOUNT = '/bin/mount'
const UMOUNT = '/bin/umount'
const FILLER = 'filler'
/** Written at a time, and at the end byte by byte: until not even a page is left. */
const CHUNK_BYTES = 1024 * 1024
const PAGE_BYTES = 4096

/** Why there are no small disks here; undefined if there are. */
export function missingForSmallDisks(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'pmesh-disk-'))
  const mounted = spawnSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  if (mounted.status === 0) execFileSync(UMOUNT, [folder])
  rmdirSync(folder)
  return mounted.status === 0 ? undefined : 'small disks are not tested: mounting a tmpfs takes root'
}

const mounted = new Set<string>()

function unmountAll(): void {
  for (const path of mounted) spawnSync(UMOUNT, ['--lazy', path])
}

/** A real file system of a few MiB, which can be filled and freed. It does not outlive this process. */
export class SmallDisk {
  readonly path: string

  /** Mounted on a folder, which is made if it is not there. */
  static mount(path: string, sizeMiB: number): SmallDisk {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    execFileSync(MOUNT, ['-t', 'tmpfs', '-o', `size=${sizeMiB}m,mode=0700`, 'tmpfs', path])
    if (mounted.size === 0) process.on('exit', unmountAll)
    mounted.add(path)
    return new SmallDisk(path)
  }

  private constructor(path: string) {
    this.path = path
  }

  /** Writes until only so much is free; what others free meanwhile another call takes as well. */
  async fill(leaveBytes = 0): Promise<void> {
    const file = await open(join(this.path, FILLER), 'a', 0o600)
    try {
      for (const size of [CHUNK_BYTES, PAGE_BYTES, 1]) await this.#fillBy(file, size, leaveBytes)
    } finally {
      await file.close()
    }
  }

  /** Frees what was filled. */
  async free(): Promise<void> {
    await rm(join(this.path, FILLER), { force: true })
  }

  /** Nothing on it can be written any more. */
  makeReadOnly(): void {
    execFileSync(MOUNT, ['-o', 'remount,ro', this.path])
  }

  /** Whoever still has a file open on it keeps it. */
  unmount(): void {
    execFileSync(UMOUNT, ['--lazy', this.path])
    mounted.delete(this.path)
    if (mounted.size === 0) process.off('exit', unmountAll)
  }

  async #fillBy(file: FileHandle, size: number, leaveBytes: number): Promise<void> {
    const bytes = Buffer.alloc(size, 1)
    for (;;) {
      const { bavail, bsize } = await statfs(this.path)
      if (bavail * bsize < leaveBytes + size) return
      try {
        const { bytesWritten } = await file.write(bytes)
        if (bytesWritten < size) return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return
        throw error
      }
    }
  }
}
