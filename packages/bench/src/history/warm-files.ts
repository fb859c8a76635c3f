import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Reads a folder's files once, so that they are in the page cache: some machines take the memory of files back that
 * have not been read for some seconds, and the disk would be measured.
 */
export async function warmFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    try {
      for await (const _ of createReadStream(join(folder, name)));
    } catch (error) {
      // The database compacts itself: a file may be gone by now.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}
