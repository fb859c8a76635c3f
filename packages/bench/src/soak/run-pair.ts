import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BenchProcess } from '../child-process.ts'
import type { FromChild, State, ToChild } from './protocol.ts'

export interface PairOptions {
  readonly messages: number
  /** Messages of one signature at most. */
  readonly batch: number
  readonly sizeBytes: number
  /** Bytes that each keeps; undefined: everything. */
  readonly maxBytes: number | undefined
}

/** How both stand after a tenth of the messages. */
export interface Tenth {
  readonly messages: number
  /** From the first call until the last of the tenth is on the receiver's disk. */
  readonly perSecond: number
  readonly publisher: State
  readonly receiver: State
}

const TENTHS = 10

/** One process publishes, the other verifies and stores; after each tenth both say what they take. */
export async function runPair(options: PairOptions, onTenth: (tenth: Tenth) => void): Promise<Tenth[]> {
  const { messages, batch, sizeBytes: size, maxBytes } = options
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const children: BenchProcess<ToChild, FromChild>[] = []
  const begin = async (name: string) => {
    const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
    children.push(child)
    const directory = join(folder, name)
    return { child, ...(await child.ask({ type: 'job', directory, batch, maxBytes }, 'listening')) }
  }
  try {
    const receiver = await begin('receiver')
    const publisher = await begin('publisher')
    await publisher.child.ask({ type: 'connect', address: receiver.address }, 'connected')
    const tenths: Tenth[] = []
    for (let i = 1; i <= TENTHS; i += 1) {
      const count = Math.round((messages * i) / TENTHS) - Math.round((messages * (i - 1)) / TENTHS)
      const total = Math.round((messages * i) / TENTHS)
      const beganMs = performance.now()
      await Promise.all([
        publisher.child.ask({ type: 'publish', messages: count, size }, 'published'),
        receiver.child.ask({ type: 'receive', messages: total }, 'received'),
      ])
      const perSecond = count / ((performance.now() - beganMs) / 1000)
      const [ofPublisher, ofReceiver] = await Promise.all([
        publisher.child.ask({ type: 'state' }, 'stands'),
        receiver.child.ask({ type: 'state' }, 'stands'),
      ])
      const tenth = { messages: total, perSecond, publisher: ofPublisher.state, receiver: ofReceiver.state }
      tenths.push(tenth)
      onTenth(tenth)
    }
    return tenths
  } finally {
    await Promise.all(children.map((child) => child.end({ type: 'end' })))
    await rm(folder, { recursive: true, force: true })
  }
}
