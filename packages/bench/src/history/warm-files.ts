import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** One for all: what is measured next is not to collect the garbage of half a gigabyte. */
const BUFFER = Buffer.alloc(1024 * 1024)

/**
 * Reads a folder's files once, so that they are in the page cache: some machines take the memory of files back that
 * have not been read for some seconds, and the disk would be measured.
 */
export async function warmFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    try {
      await using file = await open(join(folder, name))
      while ((await file.read(BUFFER)).bytesRead > 0);
    } catch (error) {
      // The database compacts itself: a file may be gone by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}
