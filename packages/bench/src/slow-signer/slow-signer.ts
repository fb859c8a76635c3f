import { parseArgs } from 'node:util'
import { parsePastelId } from '@pastel-mesh/identity'
import { startPasteldEmulator } from '@pastel-mesh/testkit'
import { runVariant } from '../broadcast/run-variant.ts'
import { type PasteldPlace, VARIANTS, type Variant } from '../broadcast/variants.ts'
import { measureMachine } from '../machine.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'

/** Messages a second through a core that takes so long for a signature. */
const BUDGET = { perSecond: 10_000 }
const SIGN_MS = 25

/**
 * The broadcast between two processes, whose publisher has no key: an emulated core signs for it, by `pastelid sign`.
 * Against the same at one message a signature, and against a key in the process, in turn.
 */
export async function slowSigner(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      size: { type: 'string', default: '256' },
      messages: { type: 'string', default: '100000' },
      'single-messages': { type: 'string', default: '200' },
    },
  })
  const runs = Number(values.runs)
  const size = Number(values.size)
  const machine = await measureMachine()
  const emulator = await startPasteldEmulator({
    supernodes: 1,
    latency: 0,
    latencyOf: { 'pastelid sign': SIGN_MS },
  })
  try {
    const [core] = emulator.supernodes
    if (core === undefined) throw new Error('the emulator has no core')
    const pasteld: PasteldPlace = {
      confPath: core.confPath,
      pastelId: parsePastelId(core.pastelId),
      passphrase: core.passphrase,
    }
    const messages = Number(values.messages)
    const variants: readonly Variant[] = [
      { ...VARIANTS.ours, name: `emulated pasteld, ${SIGN_MS} ms a signature`, messages, pasteld },
      {
        ...VARIANTS.single,
        name: 'the same, 1 message a signature',
        messages: Number(values['single-messages']),
        pasteld,
      },
      { ...VARIANTS.ours, name: 'key in the process', messages },
    ]
    const rates = variants.map((): number[] => [])
    for (let run = 0; run < runs; run += 1) {
      for (const [i, variant] of variants.entries()) {
        const { perSecond } = await runVariant(variant, size)
        rates[i]?.push(perSecond)
        process.stdout.write(`run ${run + 1}  ${variant.name.padEnd(40)} ${format(perSecond)} msg/s\n`)
      }
    }
    const [slow = 0, single = 0, local = 0] = rates.map(median)
    process.stdout.write(
      `\nmedian of ${runs}, ${size}-byte messages, ${machine.cpu}, ${machine.cores} cores\n`,
    )
    for (const [i, { name }] of variants.entries()) {
      process.stdout.write(`${name.padEnd(40)} ${format(median(rates[i] ?? []))} msg/s\n`)
    }
    const summary = {
      bench: 'slow-signer',
      unit: 'msg/s',
      ours: Math.round(slow),
      baseline: round(single),
      ratio: round(slow / single),
      local_key: Math.round(local),
      sign_ms: SIGN_MS,
      size_bytes: size,
      messages,
      runs,
      load_1m: machine.loadAverage,
      fsyncs_s: machine.fsyncsPerSecond,
      verifies_s: machine.verifiesPerSecond,
    }
    return { summary, isHeld: slow >= BUDGET.perSecond }
  } finally {
    await emulator.stop()
  }
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US').padStart(9)
}
