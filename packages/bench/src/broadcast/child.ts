import { randomBytes } from 'node:crypto'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import type { FromChild, Job, ToChild } from './variants.ts'

/** One process of the benchmark: does what its parent says. */

let endpoint: Endpoint | undefined
let job: Job | undefined
let bodies: Uint8Array[] = []

function tell(message: FromChild): void {
  process.send?.(message)
}

function finished(): void {
  const { user, system } = process.cpuUsage()
  tell({
    type: 'finished',
    atMs: Date.now(),
    rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    cpuMs: Math.round((user + system) / 1000),
  })
}

/** Random bodies, made before the clock runs: stretches of one random block. */
function makeBodies(count: number, size: number): Uint8Array[] {
  const block = randomBytes(16 * 1024 * 1024)
  return Array.from({ length: count }, () => {
    const at = Math.floor(Math.random() * (block.length - size))
    return block.subarray(at, at + size)
  })
}

process.on('message', async (message: ToChild) => {
  if (message.type === 'job') {
    job = message.job
    endpoint = await createEndpoint(job)
    if (job.role === 'publisher') bodies = makeBodies(job.messages, job.size)
    else void endpoint.received(job.messages).then(finished)
    tell({ type: 'listening', address: endpoint.address() })
  } else if (message.type === 'connect') {
    await endpoint?.connect(message.address)
    tell({ type: 'connected' })
  } else if (message.type === 'go') {
    await endpoint?.publish(bodies)
    finished()
  } else {
    await endpoint?.stop()
    process.disconnect()
  }
})
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
