import { aboutState, describeOngoing } from './describe-delivery.ts'
import { json, print } from './output.ts'
import { type Cell, columns } from './terminal/columns.ts'
import { describeTime } from './terminal/figures.ts'
import { withClient } from './with-client.ts'

/** Shows what is known of the delivery of a message of the node. */
export async function showDelivery(dataDir: string, id: string, asJson: boolean): Promise<void> {
  const delivery = await withClient(dataDir, (api) => api.service.direct.status.query({ id }))
  if (asJson) return print(json(delivery, 2))
  const { state, sentAgainAs, recipient, mailboxes, reason, receipt, expiresAtMs } = delivery
  const { text, tone } = aboutState(state)
  const ongoing = describeOngoing(delivery)
  const rows: Cell[][] = [
    [{ text: state, tone }, text],
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
