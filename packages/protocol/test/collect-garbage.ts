import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** How long what is garbage may stay: buffers are freed in threads of the engine's own, which wait for a core. */
const MAX_WAIT_MS = 20_000

/** Memory in use, in bytes, once what is garbage is gone: heap and array buffers. */
export async function liveBytes(): Promise<number> {
  // Buffers that a finalizer frees go with the second collection.
  for (let i = 0; i < 2; i += 1) {
    gc()
    await turn()
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The same, looked at again until it is below a bound or for so long that it will not be: what stays is in use. */
export async function liveBytesBelow(maxBytes: number): Promise<number> {
  const deadline = performance.now() + MAX_WAIT_MS
  for (;;) {
    const bytes = await liveBytes()
    if (bytes < maxBytes || performance.now() > deadline) return bytes
  }
}
