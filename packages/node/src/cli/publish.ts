import type { ControlClient } from '../control-client.ts'
import type { MessageBody } from './message-body.ts'
import { forEachLine, type MessageRequest, optionsOf, readOne } from './message-input.ts'
import { json, print, printable, warn } from './output.ts'
import { withClient } from './with-client.ts'

export interface PublishRequest extends MessageRequest {
  readonly topic: string
}

const VERB = { base: 'publish', past: 'published' }

/** Publishes one message, or lines as they come; prints the id of each when it is on the node's disk. */
export async function publish(dataDir: string, request: PublishRequest): Promise<void> {
  const { topic, isLines, asJson } = request
  const body = isLines ? undefined : await readOne(request, VERB)
  await withClient(dataDir, async (api) => {
    const handOn = async (bodies: readonly MessageBody[]) => {
      const options = optionsOf(request)
      const messages = bodies.map((body) => ({ ...body, ...options }))
      const { ids } = await api.service.messages.publish.mutate({ topic, messages })
      return () => {
        for (const id of ids) print(asJson ? json({ id }) : id)
      }
    }
    if (body !== undefined) (await handOn([body]))()
    else if ((await forEachLine(request, VERB, handOn)) === 0) return
    await warnIfNotJoined(api, topic)
  })
}

async function warnIfNotJoined(api: ControlClient['api'], topic: string): Promise<void> {
  const { topics } = await api.admin.status.query()
  if (topics.some((joined) => joined.topic === topic)) return
  warn(
    `this node has not joined ${printable(topic)}: it stores what it publishes there, and hears nothing from others`,
  )
}
