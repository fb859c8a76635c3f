import type { DeliveryOutput } from '@pastel-mesh/sdk-server'
import { TRPCClientError } from '@trpc/client'
import type { ControlClient } from '../control-client.ts'
import { aboutState, describeOngoing, shownState } from './describe-delivery.ts'
import { json, print } from './output.ts'
import { describeStored, exitCodeOfStored, waitForStored } from './stored-by.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeTime } from './terminal/figures.ts'
import { EXIT, exitCodeOf, waitForDelivery } from './wait-for-delivery.ts'
import { withClient } from './with-client.ts'

export interface DeliveryRequest {
  readonly id: string
  /** For so long it is waited for the end, in ms. @default not */
  readonly waitMs?: number | undefined
  readonly asJson: boolean
}

/**
 * Shows what is known of the delivery of a message of the node; of one to a topic, which members store it.
 * @returns the exit code
 */
export async function showDelivery(dataDir: string, request: DeliveryRequest): Promise<number> {
  const { id, waitMs, asJson } = request
  const endMs = performance.now() + (waitMs ?? 0)
  return withClient(dataDir, async (api) => {
    const delivery = await directDelivery(api, id, endMs)
    if (delivery !== undefined) {
      if (asJson) print(json(delivery, 2))
      else showDirect(delivery)
      return waitMs === undefined ? EXIT.delivered : exitCodeOf(delivery)
    }
    const stored = await waitForStored(api, { id, receipts: asJson }, endMs)
    print(asJson ? json(stored, 2) : describeStored(stored))
    return waitMs === undefined ? EXIT.delivered : exitCodeOfStored(stored)
  })
}

/** Undefined: it went to a topic. */
async function directDelivery(
  api: ControlClient['api'],
  id: string,
  endMs: number,
): Promise<DeliveryOutput | undefined> {
  try {
    return await waitForDelivery(api, id, endMs)
  } catch (error) {
    if (error instanceof TRPCClientError && error.data?.meshCode === 'ERR_NO_RECIPIENT') return undefined
    throw error
  }
}

function showDirect(delivery: DeliveryOutput): void {
  const { state, sentAgainAs, recipient, mailboxes, reason, receipt, expiresAtMs } = delivery
  const { text, tone } = aboutState(state, delivery)
  const ongoing = describeOngoing(delivery)
  const rows: Cell[][] = [
    [{ text: shownState(delivery), tone }, text],
    ['message', delivery.id],
    ...(sentAgainAs === undefined ? [] : [['sent again', sentAgainAs]]),
    ['to', recipient],
    ...(ongoing === undefined ? [] : [['still', ongoing]]),
    ...mailboxes.map((mailbox) => ['kept by', mailbox]),
    ...(reason === undefined ? [] : [['reason', reason]]),
    ...(receipt === undefined ? [] : [['receipt', describeTime(receipt.createdAtMs)]]),
    ['expires', new Date(expiresAtMs).toISOString()],
  ]
  print(columns(rows))
}
