import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchProcess } from '../child-process.ts'
import type { FromChild, Job, ToChild, Variant } from './variants.ts'

export interface Result {
  readonly perSecond: number
  readonly receiver: Extract<FromChild, { type: 'finished' }>
}

/** One publishes, the other verifies and stores with sync: from the first message to the last that is stored. */
export async function runVariant(variant: Variant, size: number): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const children: BenchProcess<ToChild, FromChild>[] = []
  const begin = async (role: Job['role']) => {
    const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
    children.push(child)
    const { kind, batch, messages, pasteld } = variant
    const job: Job = {
      role,
      kind,
      batch,
      messages,
      size,
      directory: join(folder, role),
      ...(pasteld === undefined || role === 'receiver' ? {} : { pasteld }),
    }
    return { child, listening: await child.ask({ type: 'job', job }, 'listening') }
  }
  try {
    const receiver = await begin('receiver')
    const publisher = await begin('publisher')
    await publisher.child.ask({ type: 'connect', address: receiver.listening.address }, 'connected')
    const done = receiver.child.hear('finished')
    const beganMs = Date.now()
    publisher.child.send({ type: 'go' })
    const finished = await done
    return { perSecond: variant.messages / ((finished.atMs - beganMs) / 1000), receiver: finished }
  } finally {
    await Promise.all(children.map((child) => child.end({ type: 'end' })))
    await rm(folder, { recursive: true, force: true })
  }
}
