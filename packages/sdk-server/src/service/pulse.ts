import { setTimeout as delay } from 'node:timers/promises'
import { openProcedure } from '../trpc.ts'

/** Enough to tell events that come one by one from those that come together. */
const COUNT = 5
/** Long beside what a network or a busy machine takes, and a second in all. */
const INTERVAL_MS = 250

/** A sign of life, of those that {@link pulse} gives. */
export interface Pulse {
  /** From 1. */
  readonly number: number
  readonly of: number
  /** When it was sent, in ms after the first. */
  readonly afterMs: number
  /** From where the caller calls, as limits and logs have it: an IP address, or for IPv6 its network. */
  readonly address: string
}

/**
 * A few signs of life, evenly, and the end: whether what is between a caller and the server hands on events as they come.
 * Nobody has to be logged in for it: it tells a caller nothing but its own address, and takes a second.
 */
export const pulse = openProcedure.subscription(async function* ({ ctx: { address }, signal }) {
  const beganMs = performance.now()
  for (let number = 1; number <= COUNT; number += 1) {
    if (number > 1) await delay(INTERVAL_MS, undefined, signal === undefined ? {} : { signal })
    const afterMs = Math.round(performance.now() - beganMs)
    yield { number, of: COUNT, afterMs, address } satisfies Pulse
  }
})
