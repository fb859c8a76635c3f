import type { DeliveryReceipt, DeliveryStatus, MeshNode } from '@pastel-mesh/sdk-node'
import { z } from 'zod'

/** Below the time for which a client waits for an answer. */
const MAX_WAIT_MS = 20_000

export const deliveryInput = z.strictObject({
  /** Ids are shorter; a wrong one is not repeated at length. */
  id: z.string().min(1).max(100),
  /** Absent: what is known now. */
  waitMs: z.number().int().min(1).max(MAX_WAIT_MS).optional(),
})

/**
 * What is known of a message's delivery, and whether its recipient is there now; the receipt, and the certificate that
 * proves its key, in base64.
 */
export function toDeliveryOutput({ receipt, mailboxes, ...status }: DeliveryStatus, node: MeshNode) {
  const { recipient } = status
  return {
    ...status,
    isConnected: recipient === node.pastelId || node.peers().some((peer) => peer.pastelId === recipient),
    mailboxes: [...mailboxes],
    ...(receipt === undefined ? {} : { receipt: toReceiptOutput(receipt) }),
  }
}

export function toReceiptOutput({ createdAtMs, receipt, certificate }: DeliveryReceipt) {
  return {
    createdAtMs,
    receipt: Buffer.from(receipt).toString('base64'),
    certificate: Buffer.from(certificate).toString('base64'),
  }
}

export type DeliveryOutput = ReturnType<typeof toDeliveryOutput>

/** @returns what is known: now, or when it does not change any more, or when the time is over */
export async function readDelivery(
  { id, waitMs }: z.output<typeof deliveryInput>,
  node: MeshNode,
  signal?: AbortSignal,
): Promise<DeliveryOutput> {
  if (waitMs === undefined) return toDeliveryOutput(await node.status(id), node)
  const timeout = AbortSignal.timeout(waitMs)
  try {
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    return toDeliveryOutput(await node.waitForDelivery(id, { signal: either }), node)
  } catch (error) {
    if (!timeout.aborted || error !== timeout.reason) throw error
    return toDeliveryOutput(await node.status(id), node)
  }
}
