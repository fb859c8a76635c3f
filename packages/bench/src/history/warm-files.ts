import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const PART_BYTES = 1024 * 1024

/**
 * Reads a folder's files once, so that they are in the page cache: some machines take the memory of files back that
 * have not been read for some seconds, and the disk would be measured. Into one buffer: what is measured next is not
 * to collect the garbage of half a gigabyte.
 */
export async function warmFiles(folder: string): Promise<void> {
  const buffer = Buffer.alloc(PART_BYTES)
  for (const name of await readdir(folder)) {
    try {
      await readThrough(join(folder, name), buffer)
    } catch (error) {
      // The database compacts itself: a file may be gone by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

async function readThrough(path: string, buffer: Buffer): Promise<void> {
  const file = await open(path)
  try {
    while ((await file.read(buffer)).bytesRead > 0);
  } finally {
    await file.close()
  }
}
