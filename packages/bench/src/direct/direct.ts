import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchProcess } from '../child-process.ts'
import { measureMachine } from '../machine.ts'
import type { Outcome } from '../outcome.ts'
import { median, percentile, round } from '../statistics.ts'
import type { FloorRecipient } from './floor.ts'
import type { FromChild, ToChild } from './variants.ts'

/** Messages a second in bulk, and ms from the call to the receipt of a single one. */
const BUDGET = { perSecond: 20_000, p50Ms: 10 }

/** Round trips that are not measured: processes compile their code. */
const WARM_UP = 100

interface Run {
  readonly ours: number
  readonly baseline: number
  readonly rssMb: number
  readonly roundTripsMs: readonly number[]
  /** CPU of both ends, in µs a message in bulk and in ms a single one. */
  readonly bulkCpuUs: number
  readonly singleCpuMs: number
  /** Without libp2p and the node: messages a second in bulk, and round trips of single ones. */
  readonly floor: number
  readonly floorRoundTripsMs: readonly number[]
}

interface Sizes {
  readonly messages: number
  readonly baselineMessages: number
  readonly singles: number
  readonly size: number
}

/**
 * Two processes: one seals messages to the other, which opens and stores them with sync and signs receipts; the clock
 * stops when the sender has the receipt for the last. In bulk, against our own code at one message a batch; and one
 * after the other.
 */
export async function direct(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      size: { type: 'string', default: '256' },
      messages: { type: 'string', default: '100000' },
      'baseline-messages': { type: 'string', default: '2000' },
      singles: { type: 'string', default: '500' },
    },
  })
  const sizes: Sizes = {
    messages: Number(values.messages),
    baselineMessages: Number(values['baseline-messages']),
    singles: Number(values.singles),
    size: Number(values.size),
  }
  const machine = await measureMachine()
  const runs: Run[] = []
  for (let i = 0; i < Number(values.runs); i += 1) {
    const run = await runOnce(sizes)
    runs.push(run)
    const { p50, p99 } = percentiles(run.roundTripsMs)
    process.stdout.write(
      `run ${i + 1}  bulk ${format(run.ours)} msg/s   one a batch ${format(run.baseline)} msg/s   a single one p50 ${p50} p99 ${p99} ms   floor ${format(run.floor)} msg/s, p50 ${percentiles(run.floorRoundTripsMs).p50} ms\n`,
    )
  }
  const ours = median(runs.map((run) => run.ours))
  const baseline = median(runs.map((run) => run.baseline))
  const p50 = median(runs.map(({ roundTripsMs }) => percentiles(roundTripsMs).p50))
  const p99 = median(runs.map(({ roundTripsMs }) => percentiles(roundTripsMs).p99))
  process.stdout.write(
    `\nmedian of ${runs.length}, ${sizes.size}-byte messages, ${machine.cpu}, ${machine.cores} cores\n`,
  )
  return {
    summary: {
      bench: 'direct',
      unit: 'msg/s',
      ours: Math.round(ours),
      baseline: Math.round(baseline),
      ratio: round(ours / baseline),
      p50,
      p99,
      floor: Math.round(median(runs.map(({ floor }) => floor))),
      floor_p50: median(runs.map(({ floorRoundTripsMs }) => percentiles(floorRoundTripsMs).p50)),
      cpu_us: round(median(runs.map(({ bulkCpuUs }) => bulkCpuUs))),
      single_cpu_ms: round(median(runs.map(({ singleCpuMs }) => singleCpuMs))),
      rss_mb: median(runs.map(({ rssMb }) => rssMb)),
      messages: sizes.messages,
      size_bytes: sizes.size,
      runs: runs.length,
      load_1m: machine.loadAverage,
      fsyncs_s: machine.fsyncsPerSecond,
      verifies_s: machine.verifiesPerSecond,
    },
    isHeld: ours >= BUDGET.perSecond && p50 <= BUDGET.p50Ms,
  }
}

async function runOnce({ messages, baselineMessages, singles, size }: Sizes): Promise<Run> {
  const bulk = await withPair(512, async ({ sender, recipient, to }) => {
    const before = await cpuMs(sender, recipient)
    const delivered = await sender.ask({ type: 'bulk', to, messages, size }, 'delivered')
    const between = await cpuMs(sender, recipient)
    const each = await sender.ask({ type: 'singles', to, messages: WARM_UP + singles, size }, 'each')
    const after = await cpuMs(sender, recipient)
    return {
      ...delivered,
      roundTripsMs: each.roundTripsMs.slice(WARM_UP),
      bulkCpuUs: ((between - before) * 1000) / messages,
      singleCpuMs: (after - between) / (WARM_UP + singles),
    }
  })
  const one = await withPair(1, ({ sender, to }) =>
    sender.ask({ type: 'bulk', to, messages: baselineMessages, size }, 'delivered'),
  )
  const floor = await withFloor((sender, directory, to) =>
    sender.ask(
      { type: 'send-floor', directory, to, messages, singles: WARM_UP + singles, size },
      'floor-sent',
    ),
  )
  return {
    ours: messages / (bulk.tookMs / 1000),
    baseline: baselineMessages / (one.tookMs / 1000),
    rssMb: bulk.rssMb,
    roundTripsMs: bulk.roundTripsMs,
    bulkCpuUs: bulk.bulkCpuUs,
    singleCpuMs: bulk.singleCpuMs,
    floor: floor.perSecond,
    floorRoundTripsMs: floor.roundTripsMs.slice(WARM_UP),
  }
}

type Child = BenchProcess<ToChild, FromChild>

interface Pair {
  readonly sender: Child
  readonly recipient: Child
  /** The recipient's PastelID. */
  readonly to: string
}

/** Two new nodes with new folders, connected, until an act is over. */
function withPair<T>(batch: number, act: (pair: Pair) => Promise<T>): Promise<T> {
  return withProcesses(async (recipient, sender, folder) => {
    const job = (child: Child, name: string) =>
      child.ask({ type: 'job', directory: join(folder, name), batch }, 'listening')
    const { address, pastelId } = await job(recipient, 'recipient')
    await job(sender, 'sender')
    await sender.ask({ type: 'connect', address }, 'connected')
    return act({ sender, recipient, to: pastelId })
  })
}

/** The same without nodes. */
function withFloor<T>(act: (sender: Child, directory: string, to: FloorRecipient) => Promise<T>): Promise<T> {
  return withProcesses(async (recipient, sender, folder) => {
    const { to } = await recipient.ask({ type: 'floor', directory: join(folder, 'recipient') }, 'floor')
    return act(sender, join(folder, 'sender'), to)
  })
}

async function withProcesses<T>(act: (one: Child, other: Child, folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const create = (): Child => new BenchProcess<ToChild, FromChild>('./child', import.meta.url)
  const children = [create(), create()] as const
  try {
    return await act(...children, folder)
  } finally {
    await Promise.all(children.map((child) => child.end({ type: 'end' })))
    await rm(folder, { recursive: true, force: true })
  }
}

/** What two processes have taken so far. */
async function cpuMs(one: Child, other: Child): Promise<number> {
  const taken = await Promise.all([one, other].map((child) => child.ask({ type: 'cpu' }, 'cpu')))
  return taken.reduce((sum, { ms }) => sum + ms, 0)
}

function percentiles(values: readonly number[]): { p50: number; p99: number } {
  return { p50: round(percentile(values, 50)), p99: round(percentile(values, 99)) }
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US').padStart(8)
}
