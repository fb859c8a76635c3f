import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median } from '../statistics.ts'
import { fillFolder } from './fill-folder.ts'
import { startNode } from './start-node.ts'

/** From the spawning of the process to its first answer. */
const BUDGET_MS = 1_500

const NETWORK = 'bench'
const TOPIC = 'bench'

/** What lies in a data folder when the node starts. */
interface Variant {
  readonly name: string
  readonly messages: number
  readonly maxBatch: number
}

/**
 * How long a node takes from nothing to its first answer, with a history in its data folder: once in batches such
 * as busy senders write, once the hardest, every message a batch of its own. And with none, so that the cost of the
 * history shows. In turn.
 */
export async function start(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      messages: { type: 'string', default: '100000' },
      size: { type: 'string', default: '256' },
    },
  })
  const runs = Number(values.runs)
  const messages = Number(values.messages)
  const sizeBytes = Number(values.size)
  const variants: readonly Variant[] = [
    { name: 'no messages', messages: 0, maxBatch: 1 },
    { name: `${messages} messages, 1 to 64 a batch`, messages, maxBatch: 64 },
    { name: `${messages} messages, 1 a batch`, messages, maxBatch: 1 },
  ]
  const machine = await measureMachine()
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const readyMs = variants.map((): number[] => [])
  try {
    const dataDirs = variants.map((_, i) => join(folder, `${i}`))
    for (const [i, { name, ...history }] of variants.entries()) {
      const dataDir = dataDirs[i] as string
      process.stdout.write(`preparing  ${name}\n`)
      await fillFolder(dataDir, { ...history, sizeBytes, network: NETWORK, topic: TOPIC })
      // Makes the keys, which only the first start does.
      await startNode({ dataDir, network: NETWORK, topic: TOPIC })
    }
    for (let run = 1; run <= runs; run += 1) {
      for (const [i, variant] of variants.entries()) {
        const found = await startNode({ dataDir: dataDirs[i] as string, network: NETWORK, topic: TOPIC })
        if (found.messages !== variant.messages) throw new Error(`the node found ${found.messages} messages`)
        readyMs[i]?.push(found.readyMs)
        process.stdout.write(`run ${run}  ${row(variant.name, found.readyMs)}  load ${loadAverage()}\n`)
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  const medians = readyMs.map(median)
  process.stdout.write(`\nmedian of ${runs}; ${sizeBytes} bytes, ${machine.cpu}, ${machine.cores} cores\n`)
  for (const [i, { name }] of variants.entries()) {
    process.stdout.write(`       ${row(name, medians[i] as number)}\n`)
  }
  const [empty, batches, singles] = medians as [number, number, number]
  const summary = {
    bench: 'start',
    unit: 'ms',
    ready_ms: Math.round(batches),
    ready_single_ms: Math.round(singles),
    baseline: Math.round(empty),
    history_ms: Math.round(batches - empty),
    history_single_ms: Math.round(singles - empty),
    messages,
    size_bytes: sizeBytes,
    runs,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld: Math.max(batches, singles) <= BUDGET_MS }
}

function row(name: string, ms: number): string {
  return `${name.padEnd(36)} ready after ${ms.toFixed(0).padStart(6)} ms`
}
