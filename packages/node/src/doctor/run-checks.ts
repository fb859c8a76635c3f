import { monitorEventLoopDelay } from 'node:perf_hooks'
import { explainFileError, MeshError } from '@pastel-mesh/identity'
import type { Check, CheckContext, Finding } from './check.ts'

/** A process that waits so long for a processor says nothing of what it asks: whatever it asks is late. */
const BUSY_MS = 250

/** How long the event loop waited, in ns. */
type LoopDelays = Pick<ReturnType<typeof monitorEventLoopDelay>, 'enable' | 'disable' | 'max'>

/**
 * Makes checks: those that come first one after the other, then all others at once, then those that come last. Each is told when
 * it is done.
 */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  tell: (name: string, findings: readonly Finding[]) => void,
  delays: LoopDelays = monitorEventLoopDelay(),
): Promise<void> {
  delays.enable()
  const waitedMs = () => delays.max / 1e6
  const run = async (check: Check) => tell(check.name, await findingsOf(check, context, waitedMs))
  const { first, others, last } = inTurn(checks)
  for (const check of first) await run(check)
  await Promise.all(others.map(run))
  for (const check of last) await run(check)
  delays.disable()
}

/** How long {@link runChecks} takes at most. */
export function longestMs(checks: readonly Check[]): number {
  const { first, others, last } = inTurn(checks)
  const sumMs = [...first, ...last].reduce((sum, { timeoutMs }) => sum + timeoutMs, 0)
  return sumMs + Math.max(0, ...others.map(({ timeoutMs }) => timeoutMs))
}

function inTurn(checks: readonly Check[]) {
  return {
    first: checks.filter(({ turn }) => turn === 'first'),
    others: checks.filter(({ turn }) => turn === undefined),
    last: checks.filter(({ turn }) => turn === 'last'),
  }
}

async function findingsOf(
  check: Check,
  context: CheckContext,
  waitedMs: () => number,
): Promise<readonly Finding[]> {
  const ended = new AbortController()
  const late = Promise.withResolvers<readonly Finding[]>()
  const timer = setTimeout(() => late.resolve([tookTooLong(check, waitedMs())]), check.timeoutMs)
  try {
    // What hangs in the system heeds no signal.
    return await Promise.race([check.run(context, ended.signal), late.promise])
  } catch (error) {
    return [{ state: 'not-checked', message: `the check itself failed: ${describe(error)}` }]
  } finally {
    clearTimeout(timer)
    ended.abort()
  }
}

/**
 * Also of what the supervisor gave up.
 * @param waitedMs how long this process waited for a processor, at most
 */
export function tookTooLong({ timeoutMs }: Pick<Check, 'timeoutMs'>, waitedMs = 0): Finding {
  if (waitedMs >= BUSY_MS) {
    return {
      state: 'not-checked',
      message: `it did not end within ${timeoutMs / 1_000} s, on a busy machine: this command waited up to ${Math.round(waitedMs)} ms for a processor`,
      advice: 'run it again when less is going on; "top" shows what takes the processors',
    }
  }
  return {
    state: 'failed',
    message: `it did not end within ${timeoutMs / 1_000} s`,
    advice:
      'something that it asks hangs: a disk or network file system, or name resolution; see "dmesg" and the resolver',
  }
}

function describe(error: unknown): string {
  if (error instanceof MeshError) return error.message.split('\n')[0] ?? ''
  return explainFileError(error)
}
