import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * Below the ports that systems hand out (from 32768 on Linux, from 49152 elsewhere): one of those could be taken
 * by an outgoing connection before it is listened on.
 */
const FIRST_PORT = 10_000
const END_PORT = 32_768
const MAX_ATTEMPTS = 100

/** A TCP port of the loopback address that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST_PORT, END_PORT)
    if (await isFree(port)) return port
  }
  throw new Error(`found no free port from ${FIRST_PORT} to ${END_PORT - 1} in ${MAX_ATTEMPTS} attempts`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  } catch {
    return false
  }
  await new Promise((resolve) => server.close(resolve))
  return true
}
