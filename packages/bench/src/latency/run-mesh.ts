import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BenchProcess } from '../child-process.ts'
import { watchMachine } from '../machine-load.ts'
import type { FromChild, Load, ToChild, Variant } from './protocol.ts'

/** What one run of one variant showed. */
export interface MeshRun {
  /** From call to acknowledgement. */
  readonly acceptedMs: readonly number[]
  /** From call to shown, for each message at each other node. */
  readonly shownMs: readonly number[]
  /** Messages that were accepted, and not shown at some node. */
  readonly missing: number
  /** Of one core, while it was measured; all processes. */
  readonly cpuPercent: number
  /** The same for all else that the machine did. */
  readonly otherCpuPercent: number
  /** Of the largest process. */
  readonly rssMb: number
}

/** Runs so many processes, each connected to all others, until every message is shown everywhere. */
export async function runMesh(kind: Variant['kind'], nodes: number, load: Load): Promise<MeshRun> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const children = Array.from(
    { length: nodes },
    () => new BenchProcess<ToChild, FromChild>('./child', import.meta.url),
  )
  try {
    const listening = await Promise.all(
      children.map((child, i) =>
        child.ask({ type: 'job', kind, directory: join(folder, `node-${i}`) }, 'listening'),
      ),
    )
    const addresses = listening.map(({ address }) => address)
    // One after the other: what is measured is not how nodes meet.
    for (const [i, child] of children.entries()) {
      await child.ask({ type: 'connect', addresses: addresses.slice(0, i) }, 'connected')
    }
    await Promise.all(children.map((child) => child.ask({ type: 'join', peers: nodes - 1 }, 'joined')))
    const [machinePercent, ...published] = await Promise.all([
      watchMeasured(load),
      ...children.map((child) => child.ask({ type: 'go', load }, 'published')),
    ])
    const total = published.reduce((sum, { acceptedMs }) => sum + acceptedMs.length, 0)
    const collected = await Promise.all(
      children.map((child, i) => {
        const expected = total - (published[i]?.acceptedMs.length ?? 0)
        return child.ask({ type: 'collect', expected }, 'collected')
      }),
    )
    const cpuPercent = published.reduce((sum, each) => sum + each.cpuPercent, 0)
    const shownMs = collected.flatMap((each) => each.shownMs)
    return {
      acceptedMs: published.flatMap(({ acceptedMs }) => acceptedMs),
      shownMs,
      missing: total * (nodes - 1) - shownMs.length,
      cpuPercent,
      otherCpuPercent: Math.max(0, machinePercent - cpuPercent),
      rssMb: Math.max(...collected.map(({ rssMb }) => rssMb)),
    }
  } finally {
    await Promise.all(children.map((child) => child.end({ type: 'end' })))
    await rm(folder, { recursive: true, force: true })
  }
}

/** How busy the machine is while messages are measured. */
async function watchMeasured({ warmupMs, measureMs }: Load): Promise<number> {
  await delay(warmupMs)
  const busy = watchMachine()
  await delay(measureMs)
  return busy()
}
