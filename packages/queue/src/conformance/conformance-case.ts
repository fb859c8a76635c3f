import assert from 'node:assert/strict'
import type { QueueDriver } from '../driver.ts'
import { createQueue, type Queue, type QueueOptions } from '../index.ts'

/** A storage whose driver is tested. */
export interface DriverUnderTest {
  /** A driver on the storage; the one before has stopped. */
  open(): QueueDriver | Promise<QueueDriver>
}

export interface ConformanceCase {
  readonly name: string
  run(driver: DriverUnderTest): Promise<void>
}

/** How long a case waits for anything: servers are slow, and machines are. */
const LONG_MS = 20_000

/** Opens a queue, not started. */
async function open(driver: DriverUnderTest, options: Omit<QueueOptions, 'driver'> = {}): Promise<Queue> {
  return createQueue({ ...options, driver: await driver.open() })
}

/** Runs with a started queue, which is stopped however it ends. */
export async function withQueue(
  driver: DriverUnderTest,
  use: (queue: Queue) => Promise<void>,
  options: Omit<QueueOptions, 'driver'> = {},
): Promise<void> {
  const queue = await open(driver, options)
  await queue.start()
  try {
    await use(queue)
  } finally {
    await queue.stop({ timeoutMs: 1_000 })
  }
}

export function soon(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(LONG_MS) }
}

/** Waits until something holds. */
export async function until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = Date.now() + LONG_MS
  while (!(await holds())) {
    assert.ok(Date.now() < endMs, `it never came to this: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A promise, and what settles it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => (error as { code?: unknown }).code === code
}
