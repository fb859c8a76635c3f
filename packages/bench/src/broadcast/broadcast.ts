import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { median } from '../statistics.ts'
import { type FromChild, type Job, type ToChild, VARIANTS, type Variant } from './variants.ts'

interface Result {
  readonly perSecond: number
  readonly receiver: Extract<FromChild, { type: 'finished' }>
}

/**
 * Two processes: one publishes, the other verifies and stores with sync. Ours against our own code at one message
 * a batch, and against stock gossipsub with its own signatures; in turn, so that noise hits all alike.
 */
export async function broadcast(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: 'string', default: '5' },
      size: { type: 'string', default: '256' },
      messages: { type: 'string' },
    },
  })
  const runs = Number(values.runs)
  const size = Number(values.size)
  const ours: Variant = { ...VARIANTS.ours, messages: Number(values.messages ?? VARIANTS.ours.messages) }
  const variants: readonly Variant[] = [ours, VARIANTS.single, VARIANTS.strictSign]
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
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}

async function runVariant(variant: Variant, size: number): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'pmesh-bench-'))
  const children: ChildProcess[] = []
  const begin = async (role: Job['role']) => {
    const child = fork(
      fileURLToPath(new URL(`./child${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)),
    )
    children.push(child)
    const { kind, batch, messages } = variant
    const job: Job = { role, kind, batch, messages, size, directory: join(folder, role) }
    send(child, { type: 'job', job })
    return { child, listening: await hear(child, 'listening') }
  }
  try {
    const receiver = await begin('receiver')
    const publisher = await begin('publisher')
    send(publisher.child, { type: 'connect', address: receiver.listening.address })
    await hear(publisher.child, 'connected')
    const done = hear(receiver.child, 'finished')
    const beganMs = Date.now()
    send(publisher.child, { type: 'go' })
    const finished = await done
    return { perSecond: variant.messages / ((finished.atMs - beganMs) / 1000), receiver: finished }
  } finally {
    for (const child of children) {
      if (child.connected) send(child, { type: 'end' })
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      clearTimeout(timer)
    }
    await rm(folder, { recursive: true, force: true })
  }
}

function send(child: ChildProcess, message: ToChild): void {
  child.send(message)
}

/** The next message of a kind; fails if the process ends first. */
function hear<T extends FromChild['type']>(
  child: ChildProcess,
  type: T,
): Promise<Extract<FromChild, { type: T }>> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromChild) => {
      if (message.type === type) resolve(message as Extract<FromChild, { type: T }>)
    })
    child.once('exit', (code) => reject(new Error(`a process of the benchmark ended with ${code}`)))
  })
}

function format(rate: number): string {
  return Math.round(rate).toLocaleString('en-US').padStart(9)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
