import { explainFileError, MeshError } from '@pastel-mesh/identity'
import type { Check, CheckContext, Finding } from './check.ts'

/**
 * Makes checks: those that come first one after the other, then all others at once, then those that come last. Each is told when
 * it is done.
 */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  tell: (name: string, findings: readonly Finding[]) => void,
): Promise<void> {
  const run = async (check: Check) => tell(check.name, await findingsOf(check, context))
  const { first, others, last } = inTurn(checks)
  for (const check of first) await run(check)
  await Promise.all(others.map(run))
  for (const check of last) await run(check)
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

async function findingsOf(check: Check, context: CheckContext): Promise<readonly Finding[]> {
  const ended = new AbortController()
  const late = Promise.withResolvers<readonly Finding[]>()
  const timer = setTimeout(() => late.resolve([tookTooLong(check)]), check.timeoutMs)
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

/** Also of what the supervisor gave up. */
export function tookTooLong({ timeoutMs }: Pick<Check, 'timeoutMs'>): Finding {
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
