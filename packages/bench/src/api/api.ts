import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, percentile, round } from '../statistics.ts'
import { compareCalls, describe } from './compare-calls.ts'
import { measureSubscribers, type SubscribersOptions, type SubscribersRun } from './measure-subscribers.ts'
import { TRANSPORTS, type Transport } from './subscriber.ts'

/** Calls a second, to those of Fastify and tRPC alone; and ms until 99 of 100 receipts by server-sent events, which the client uses. */
const BUDGET = { ratio: 0.8, p99Ms: 100 }

/**
 * The API of a node that runs in a process of its own: calls of a logged-in application, against Fastify and tRPC alone;
 * and how long it takes until many subscribers have a message, and what each of them takes of memory.
 */
export async function api(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      calls: { type: 'string', default: '20000' },
      subscribers: { type: 'string', default: '500' },
      rate: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '15' },
      size: { type: 'string', default: '256' },
    },
  })
  const runs = Number(values.runs)
  const options: SubscribersOptions = {
    subscribers: Number(values.subscribers),
    perSecond: Number(values.rate),
    seconds: Number(values.seconds),
    sizeBytes: Number(values.size),
  }
  const machine = await measureMachine()
  const log = (line: string) => process.stdout.write(`${line}  load ${loadAverage()}\n`)
  const comparisons = await compareCalls({ runs, calls: Number(values.calls), log })
  const followed = new Map<Transport, Followed[]>()
  for (let run = 1; run <= runs; run += 1) {
    for (const transport of run % 2 === 1 ? TRANSPORTS : TRANSPORTS.toReversed()) {
      const result = figuresOf(await measureSubscribers(transport, options))
      followed.set(transport, [...(followed.get(transport) ?? []), result])
      log(`run ${run}  ${row(transport, result, options)}`)
    }
  }
  process.stdout.write(`\nmedian of ${runs}, ${machine.cpu}, ${machine.cores} cores\n`)
  const figures: Record<string, number> = {}
  for (const comparison of comparisons) {
    const { procedure, inFlight, ours, bare, ratio } = comparison
    process.stdout.write(`${describe(comparison)}\n`)
    const name = `${procedure}_${inFlight}`
    figures[name] = Math.round(ours.perSecond)
    figures[`${name}_bare`] = Math.round(bare.perSecond)
    figures[`${name}_ratio`] = ratio
    figures[`${name}_p99`] = ours.p99
    figures[`${name}_bare_p99`] = bare.p99
    figures[`${name}_cpu_us`] = Math.round(ours.cpuUs)
    figures[`${name}_bare_cpu_us`] = Math.round(bare.cpuUs)
  }
  for (const transport of TRANSPORTS) {
    const result = medianOf(followed.get(transport) ?? [])
    process.stdout.write(`${row(transport, result, options)}\n`)
    for (const [name, figure] of Object.entries(result)) figures[`${transport}_${name}`] = figure
  }
  const ratios = comparisons.map(({ ratio }) => ratio)
  const { p99: p99Ms } = medianOf(followed.get('sse') ?? [])
  return {
    summary: {
      bench: 'api',
      unit: 'calls/s',
      ratio: Math.min(...ratios),
      p99_ms: p99Ms,
      ...figures,
      calls: Number(values.calls),
      subscribers: options.subscribers,
      rate: options.perSecond,
      seconds: options.seconds,
      size_bytes: options.sizeBytes,
      runs,
      load_1m: machine.loadAverage,
      load_1m_end: loadAverage(),
      fsyncs_s: machine.fsyncsPerSecond,
      verifies_s: machine.verifiesPerSecond,
    },
    isHeld: ratios.every((ratio) => ratio >= BUDGET.ratio) && p99Ms <= BUDGET.p99Ms,
  }
}

/** What one run with subscribers gave: ms from the acceptance, and from the call; of the node. */
interface Followed {
  readonly p50: number
  readonly p99: number
  readonly call_p50: number
  readonly call_p99: number
  readonly own_kb: number
  readonly heap_kb: number
  readonly cpu_percent: number
}

function figuresOf({ acceptedMs, calledMs, ownKb, heapKb, cpuPercent }: SubscribersRun): Followed {
  return {
    p50: round(percentile(acceptedMs, 50)),
    p99: round(percentile(acceptedMs, 99)),
    call_p50: round(percentile(calledMs, 50)),
    call_p99: round(percentile(calledMs, 99)),
    own_kb: round(ownKb),
    heap_kb: round(heapKb),
    cpu_percent: round(cpuPercent),
  }
}

function medianOf(results: readonly Followed[]): Followed {
  const of = (name: keyof Followed) => median(results.map((result) => result[name]))
  return {
    p50: of('p50'),
    p99: of('p99'),
    call_p50: of('call_p50'),
    call_p99: of('call_p99'),
    own_kb: of('own_kb'),
    heap_kb: of('heap_kb'),
    cpu_percent: of('cpu_percent'),
  }
}

const NAMES: Readonly<Record<Transport, string>> = { sse: 'server-sent events', ws: 'WebSockets' }

function row(
  transport: Transport,
  figures: Followed,
  { subscribers, perSecond }: SubscribersOptions,
): string {
  const { p50, p99, call_p50, call_p99, own_kb, heap_kb, cpu_percent } = figures
  return `${subscribers} subscribers, ${perSecond} msg/s, ${NAMES[transport].padEnd(18)}  from accepted p50 ${p50} p99 ${p99} ms, from the call p50 ${call_p50} p99 ${call_p99} ms; ${own_kb} KB resident, ${heap_kb} KB of heap a subscriber, ${cpu_percent} % of a core`
}
