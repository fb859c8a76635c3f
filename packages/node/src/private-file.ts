import { randomBytes } from 'node:crypto'
import { link, open, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes a new file that only its owner may read. A crash or a power cut leaves all of it or nothing; when this
 * returns, it is on disk.
 * @throws the system's own errors; EEXIST if there is such a file
 */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    await withHandle(temporary, 'wx', async (file) => {
      await file.writeFile(content)
      await file.sync()
    })
    // Unlike a rename, never replaces what another process wrote meanwhile.
    await link(temporary, path)
  } finally {
    await rm(temporary, { force: true }).catch(() => {})
  }
  await withHandle(dirname(path), 'r', (folder) => folder.sync())
}

async function withHandle(
  path: string,
  flags: string,
  use: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>,
): Promise<void> {
  const handle = await open(path, flags, 0o600)
  try {
    await use(handle)
  } finally {
    await handle.close()
  }
}
