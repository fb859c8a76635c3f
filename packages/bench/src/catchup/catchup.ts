import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchProcess } from '../child-process.ts'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'
import { type FromChild, type ToChild, VARIANTS, type Variant } from './variants.ts'

/** Messages a second: from batches of 64 and more, and from single-message batches. */
const BUDGET = { batches: 60_000, single: 4_000 }

type CaughtUp = Extract<FromChild, { type: 'caught-up' }>

/** Of one variant, run by run: messages a second through log sync, and verified and stored without it. */
interface Result {
  readonly rates: number[]
  readonly floors: number[]
  readonly readers: CaughtUp[]
}

/**
 * Two processes: one has messages that the other missed. Measured is from the reader's dialling until the last message is
 * on its disk, verified; against verifying and storing the same batches out of a file, in turn.
 */
export async function catchup(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '3' },
      size: { type: 'string', default: '256' },
      messages: { type: 'string', default: '100000' },
      'single-messages': { type: 'string' },
    },
  })
  const runs = Number(values.runs)
  const size = Number(values.size)
  const messages = Number(values.messages)
  const singleMessages = Number(values['single-messages'] ?? messages)
  const machine = await measureMachine()
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const measure = async (variant: Variant, count: number): Promise<Result> => {
    const holder = join(folder, `holder-${variant.batch}`)
    await inProcess((child) =>
      child.ask({ type: 'fill', directory: holder, messages: count, batch: variant.batch, size }, 'filled'),
    )
    const result: Result = { rates: [], floors: [], readers: [] }
    for (let run = 0; run < runs; run += 1) {
      const reader = await catchUpOnce(holder, join(folder, `reader-${variant.batch}-${run}`), count)
      const floor = await inProcess((child) =>
        child.ask(
          { type: 'place', from: holder, to: join(folder, `floor-${variant.batch}-${run}`) },
          'placed',
        ),
      )
      result.rates.push(count / reader.seconds)
      result.floors.push(count / floor.seconds)
      result.readers.push(reader)
      const [rate, floorRate] = [format(count / reader.seconds), format(count / floor.seconds)]
      process.stdout.write(
        `run ${run + 1}  ${variant.name.padEnd(22)} ${rate} msg/s  floor ${floorRate} msg/s\n`,
      )
    }
    return result
  }
  try {
    const large = await measure(VARIANTS.large, messages)
    const middle = await measure(VARIANTS.middle, messages)
    const single = await measure(VARIANTS.single, singleMessages)
    process.stdout.write(
      `\nmedian of ${runs}, ${size}-byte messages, ${machine.cpu}, ${machine.cores} cores\n`,
    )
    const rows = [large, middle, single].map(({ rates, floors }) => ({
      rate: median(rates),
      floor: median(floors),
    }))
    for (const [i, { name }] of Object.values(VARIANTS).entries()) {
      const { rate = 0, floor = 0 } = rows[i] ?? {}
      process.stdout.write(`${name.padEnd(22)} ${format(rate)} msg/s  floor ${format(floor)} msg/s\n`)
    }
    const readers = [large, middle, single].flatMap((result) => result.readers)
    const [largeRate = 0, middleRate = 0, singleRate = 0] = rows.map(({ rate }) => rate)
    const summary = {
      bench: 'catchup',
      unit: 'msg/s',
      batches_512: Math.round(largeRate),
      batches_64: Math.round(middleRate),
      single: Math.round(singleRate),
      baseline_512: Math.round(rows[0]?.floor ?? 0),
      baseline_64: Math.round(rows[1]?.floor ?? 0),
      baseline_single: Math.round(rows[2]?.floor ?? 0),
      ratio_64: round(middleRate / (rows[1]?.floor ?? 0)),
      ratio_single: round(singleRate / (rows[2]?.floor ?? 0)),
      held_batches: Math.max(...readers.map(({ held }) => held)),
      rss_mb: Math.max(...readers.map(({ rssMb }) => rssMb)),
      size_bytes: size,
      messages,
      single_messages: singleMessages,
      runs,
      load_1m: machine.loadAverage,
      load_1m_end: loadAverage(),
      fsyncs_s: machine.fsyncsPerSecond,
      verifies_s: machine.verifiesPerSecond,
    }
    const isHeld = Math.min(largeRate, middleRate) >= BUDGET.batches && singleRate >= BUDGET.single
    return { summary, isHeld }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function catchUpOnce(holderFolder: string, readerFolder: string, messages: number): Promise<CaughtUp> {
  return inProcess(async (holder) => {
    const { address } = await holder.ask({ type: 'start', directory: holderFolder }, 'started')
    return inProcess(async (reader) => {
      await reader.ask({ type: 'start', directory: readerFolder }, 'started')
      return reader.ask({ type: 'catch-up', address, messages }, 'caught-up')
    })
  })
}

async function inProcess<T>(act: (child: BenchProcess<ToChild, FromChild>) => Promise<T>): Promise<T> {
  const child = new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
  try {
    return await act(child)
  } finally {
    await child.end({ type: 'end' })
  }
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US').padStart(9)
}
