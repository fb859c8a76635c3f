import { within } from './within.ts'

/** A part of the node, with the name under which its failures are reported. */
export interface Part {
  readonly name: string
  start(): Promise<void>
  /** @param timeoutMs how long anybody waits for it */
  stop(timeoutMs: number): Promise<void>
}

export function named(name: string, part: Omit<Part, 'name'>): Part {
  return { name, start: () => part.start(), stop: (timeoutMs) => part.stop(timeoutMs) }
}

/**
 * What a part still gets when those before it have used up the time: the database, which is stopped last, has to write
 * down what it acknowledged and be closed.
 */
const MIN_PART_MS = 2_000

/**
 * Stops parts in the reverse order of their start. One that fails, or takes longer than what is left of the time,
 * holds up no other.
 *
 * @throws AggregateError: names the parts that did not stop, and why
 */
export async function stopParts(started: readonly Part[], timeoutMs: number): Promise<void> {
  const failures: Error[] = []
  const endMs = performance.now() + timeoutMs
  for (const part of [...started].reverse()) {
    try {
      const leftMs = Math.max(MIN_PART_MS, endMs - performance.now())
      await within(leftMs, part.stop(leftMs))
    } catch (cause) {
      failures.push(new Error(`the ${part.name} did not stop: ${(cause as Error).message}`, { cause }))
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
}
