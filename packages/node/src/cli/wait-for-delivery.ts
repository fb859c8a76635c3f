import type { DeliveryOutput } from '@pastel-mesh/sdk-server'
import type { ControlClient } from '../control-client.ts'
import { isFinal } from './describe-delivery.ts'

/** How a wait for deliveries ended: the exit code. */
export const EXIT = { delivered: 0, failed: 1, unknown: 2 } as const

/** The longest that the node is asked to wait in one call. */
const MAX_WAIT_MS = 10_000

/** What is known of a message when it does not change any more, or at a time of `performance.now()`. */
export async function waitForDelivery(
  api: ControlClient['api'],
  id: string,
  endMs: number,
): Promise<DeliveryOutput> {
  for (;;) {
    const leftMs = Math.ceil(endMs - performance.now())
    if (leftMs <= 0) return api.service.messages.delivery.query({ id })
    const delivery = await api.service.messages.delivery.query({ id, waitMs: Math.min(MAX_WAIT_MS, leftMs) })
    if (isFinal(delivery)) return delivery
  }
}

/** @returns the exit code */
export function exitCodeOf(delivery: DeliveryOutput): number {
  const { state, reason } = delivery
  if (state === 'delivered' || (state === 'handed-over' && reason === undefined)) return EXIT.delivered
  if (state === 'handed-over') return EXIT.unknown
  return isFinal(delivery) ? EXIT.failed : EXIT.unknown
}
