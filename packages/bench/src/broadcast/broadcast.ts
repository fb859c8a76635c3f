import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'
import { type Result, runVariant } from './run-variant.ts'
import { VARIANTS, type Variant } from './variants.ts'

/** Messages a second, and how many times those of our own code at one message a batch. */
const BUDGET = { perSecond: 60_000, ratio: 25 }

/**
 * Two processes: one publishes, the other verifies and stores with sync. Ours against our own code at one message
 * a batch, and against stock gossipsub with its own signatures; in turn, so that noise hits all alike.
 */
export async function broadcast(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      size: { type: 'string', default: '256' },
      messages: { type: 'string' },
      'baseline-messages': { type: 'string' },
    },
  })
  const runs = Number(values.runs)
  const size = Number(values.size)
  const ours: Variant = { ...VARIANTS.ours, messages: Number(values.messages ?? VARIANTS.ours.messages) }
  const variants: readonly Variant[] = [
    ours,
    ...[VARIANTS.single, VARIANTS.strictSign].map((baseline) => ({
      ...baseline,
      messages: Number(values['baseline-messages'] ?? baseline.messages),
    })),
  ]
  const machine = await measureMachine()
  const results = variants.map((): Result[] => [])
  for (let run = 0; run < runs; run += 1) {
    for (const [i, variant] of variants.entries()) {
      const result = await runVariant(variant, size)
      results[i]?.push(result)
      process.stdout.write(`run ${run + 1}  ${variant.name.padEnd(46)} ${format(result.perSecond)} msg/s\n`)
    }
  }
  const rates = results.map((each) => median(each.map(({ perSecond }) => perSecond)))
  const [oursRate = 0, single = 0, strictSign = 0] = rates
  process.stdout.write(`\nmedian of ${runs}, ${size}-byte messages, ${machine.cpu}, ${machine.cores} cores\n`)
  for (const [i, { name, messages }] of variants.entries()) {
    process.stdout.write(`${name.padEnd(46)} ${format(rates[i] ?? 0)} msg/s  (${messages} messages a run)\n`)
  }
  const receiver = results[0]?.map((result) => result.receiver) ?? []
  const summary = {
    bench: 'broadcast',
    unit: 'msg/s',
    ours: Math.round(oursRate),
    baseline: Math.round(single),
    ratio: round(oursRate / single),
    strict_sign: Math.round(strictSign),
    ratio_strict_sign: round(oursRate / strictSign),
    rss_mb: median(receiver.map(({ rssMb }) => rssMb)),
    size_bytes: size,
    messages: ours.messages,
    runs,
    load_1m: machine.loadAverage,
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return {
    summary,
    isHeld: oursRate >= BUDGET.perSecond && oursRate >= BUDGET.ratio * single,
  }
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US').padStart(9)
}
