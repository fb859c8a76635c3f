import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

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
