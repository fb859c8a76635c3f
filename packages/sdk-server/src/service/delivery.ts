import type { DeliveryReceipt, DeliveryStatus, MeshNode } from '@pastel-mesh/sdk-node'

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

/** @returns what is known when it does not change any more, or when the time is over */
export async function waitForDelivery(
  { id, timeoutMs }: { readonly id: string; readonly timeoutMs: number },
  node: MeshNode,
  signal?: AbortSignal,
): Promise<DeliveryOutput> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
    return toDeliveryOutput(await node.waitForDelivery(id, { signal: either }), node)
  } catch (error) {
    if (!timeout.aborted || error !== timeout.reason) throw error
    return toDeliveryOutput(await node.status(id), node)
  }
}
