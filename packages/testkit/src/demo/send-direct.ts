import type { LocalNode } from '../mesh/local-node.ts'
import { hashOf } from './check-demo.ts'

/** Direct messages that one node sent to another. */
export interface DirectRun {
  /** Numbers of the nodes, from 0 on. */
  readonly sender: number
  readonly recipient: number
  /** Id of every message that the sender acknowledged → hash of its text. */
  readonly accepted: ReadonlyMap<string, string>
}

export interface SendDirectParts {
  readonly nodes: readonly LocalNode[]
  readonly pastelIds: readonly string[]
  readonly say: (line: string) => void
  readonly up: (index: number) => Promise<void>
  readonly down: (index: number) => Promise<void>
  readonly wait: (what: string, condition: () => Promise<boolean>) => Promise<void>
}

/** Enough for several batches; they are one call to the node. */
const COUNT = 50

/**
 * The first node sends direct messages to the last one, which is away, and stops for good when others keep them; then
 * the last one comes back and gets them from those.
 */
export async function sendDirect(parts: SendDirectParts): Promise<DirectRun> {
  const { nodes, pastelIds, say, up, down, wait } = parts
  const [sender, recipient] = [0, nodes.length - 1]
  const api = (index: number) => (nodes[index] as LocalNode).client.api
  const to = pastelIds[recipient] as string
  await down(recipient)
  const texts = Array.from({ length: COUNT }, (_, i) => `direct message ${i}`)
  const { sent } = await api(sender).service.messages.send.mutate({
    to: [to],
    messages: texts.map((text) => ({ text })),
  })
  const accepted = new Map(sent.map(({ id }, i) => [id, hashOf(texts[i] as string)]))
  await wait('mailboxes to have the direct messages', async () => {
    const { messages } = await api(sender).service.messages.sent.query({ to, limit: COUNT })
    return (
      messages.length === COUNT && messages.every(({ delivery }) => delivery.state === 'left-with-mailboxes')
    )
  })
  await down(sender)
  say(
    `node ${sender + 1} sent ${COUNT} direct messages to node ${recipient + 1}, which is away, and stopped for good`,
  )
  await up(recipient)
  await wait('the direct messages to arrive', async () => {
    const { messages } = await api(recipient).service.messages.list.query({ inbox: true, limit: COUNT })
    return messages.length === COUNT
  })
  say(`node ${recipient + 1} is back and says that it has them`)
  return { sender, recipient, accepted }
}
