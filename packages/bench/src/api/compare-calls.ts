import { BenchProcess } from '../child-process.ts'
import { cpuTimeMs } from '../cpu-time.ts'
import { median, percentile, round } from '../statistics.ts'
import type { FromBare, ToBare } from './bare-protocol.ts'
import { type CallLoad, type CallLoadOptions, loadCalls } from './call-load.ts'
import { apiOf, withServedNode } from './served-node.ts'

/** What anyone may ask, and what takes a role. */
const PROCEDURES = ['ping', 'info'] as const
const IN_FLIGHT = [1, 64] as const
/** One alone waits for each answer: a part of the calls is enough. */
const SINGLE_SHARE = 0.2
/** Each may make a thousand calls a second, and all together have to make more than the machine can. */
const SESSIONS = 32
/** Calls before the clock runs: both processes compile their code. */
const WARM_UP = 3_000

const SIDES = ['ours', 'bare'] as const
type Side = (typeof SIDES)[number]

/** One procedure with so many in flight. */
export interface Comparison {
  readonly procedure: string
  readonly inFlight: number
  readonly ours: Figures
  readonly bare: Figures
  /** Calls a second, ours to those of the bare server. */
  readonly ratio: number
}

export interface Figures {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** What the server takes of the processor for a call. */
  readonly cpuUs: number
}

interface Load extends CallLoad {
  readonly cpuUs: number
}

interface Server {
  readonly url: string
  readonly pid: number
}

/**
 * The calls of a logged-in application at a node with all that it checks, and at Fastify and tRPC with the same
 * procedures and nothing else: two processes that run side by side, asked by the same client in turn.
 */
export async function compareCalls({
  runs,
  calls,
  log,
}: {
  readonly runs: number
  readonly calls: number
  readonly log: (line: string) => void
}): Promise<Comparison[]> {
  const loads = new Map<string, Load[]>()
  for (let run = 1; run <= runs; run += 1) {
    await withServers(async (servers, tokens) => {
      for (const procedure of PROCEDURES) {
        for (const inFlight of IN_FLIGHT) {
          const load = (side: Side, count: number) =>
            loadServer(servers[side], {
              procedure: `service.${procedure}`,
              tokens,
              inFlight,
              calls: Math.max(inFlight, Math.round(count)),
            })
          const share = inFlight === 1 ? SINGLE_SHARE : 1
          for (const side of SIDES) await load(side, Math.min(WARM_UP, calls) * share)
          // Whoever is second has the machine as the first left it.
          for (const side of run % 2 === 1 ? SIDES : SIDES.toReversed()) {
            const key = keyOf(procedure, inFlight, side)
            loads.set(key, [...(loads.get(key) ?? []), await load(side, calls * share)])
          }
          const last = compare(procedure, inFlight, (side) => [
            loads.get(keyOf(procedure, inFlight, side))?.at(-1) as Load,
          ])
          log(`run ${run}  ${describe(last)}`)
        }
      }
    })
  }
  return PROCEDURES.flatMap((procedure) =>
    IN_FLIGHT.map((inFlight) =>
      compare(procedure, inFlight, (side) => loads.get(keyOf(procedure, inFlight, side)) ?? []),
    ),
  )
}

export function describe({ procedure, inFlight, ours, bare, ratio }: Comparison): string {
  const figures = ({ perSecond, p50, p99, cpuUs }: Figures) =>
    `${Math.round(perSecond).toLocaleString('en-US').padStart(7)} calls/s, p50 ${p50} p99 ${p99} ms, ${Math.round(cpuUs)} µs of CPU`
  return `${`service.${procedure}`.padEnd(13)} ${String(inFlight).padStart(2)} in flight  ours ${figures(ours)}   bare ${figures(bare)}   ratio ${ratio}`
}

async function withServers(
  use: (servers: Readonly<Record<Side, Server>>, tokens: readonly string[]) => Promise<void>,
): Promise<void> {
  const bare = new BenchProcess<ToBare, FromBare>('./bare-server', import.meta.url)
  try {
    await withServedNode(SESSIONS, async (ours) => {
      const info = await apiOf(ours.url, ours.tokens[0]).service.info.query()
      await use({ ours, bare: await bare.ask({ type: 'serve', info }, 'listening') }, ours.tokens)
    })
  } finally {
    await bare.end({ type: 'end' })
  }
}

async function loadServer({ url, pid }: Server, options: Omit<CallLoadOptions, 'url'>): Promise<Load> {
  const beforeMs = await cpuTimeMs(pid)
  const load = await loadCalls({ url, ...options })
  return { ...load, cpuUs: (((await cpuTimeMs(pid)) - beforeMs) * 1000) / options.calls }
}

function compare(procedure: string, inFlight: number, loadsOf: (side: Side) => readonly Load[]): Comparison {
  const [ours, bare] = [figuresOf(loadsOf('ours')), figuresOf(loadsOf('bare'))]
  // Of the same run, for the machine is another one minutes later.
  const ratios = loadsOf('ours').map(
    ({ perSecond }, run) => perSecond / (loadsOf('bare')[run]?.perSecond ?? Number.NaN),
  )
  return { procedure, inFlight, ours, bare, ratio: round(median(ratios), 2) }
}

function figuresOf(loads: readonly Load[]): Figures {
  const of = (percent: number) => round(median(loads.map(({ callsMs }) => percentile(callsMs, percent))), 2)
  const cpuUs = median(loads.map((load) => load.cpuUs))
  return { perSecond: median(loads.map(({ perSecond }) => perSecond)), p50: of(50), p99: of(99), cpuUs }
}

function keyOf(procedure: string, inFlight: number, side: Side): string {
  return `${procedure} ${inFlight} ${side}`
}
