import { MAX_BODY_BYTES } from '@pastel-mesh/protocol'
import { inChunks, PUBLISH_LIMITS } from '../in-chunks.ts'
import { json, print, printable, warn } from './output.ts'
import { readLines } from './read-lines.ts'
import { withClient } from './with-client.ts'

export interface PublishRequest {
  readonly topic: string
  /** Absent: each line of the standard input. */
  readonly text?: string | undefined
  readonly type?: string | undefined
  readonly asJson: boolean
}

/** Publishes texts as they come; prints the id of each when it is on the node's disk. */
export async function publish(dataDir: string, request: PublishRequest): Promise<void> {
  const { topic, text, type, asJson } = request
  const texts = text === undefined ? readLines(process.stdin, MAX_BODY_BYTES) : [text]
  await withClient(dataDir, async (api) => {
    let count = 0
    for await (const chunk of inChunks(texts, PUBLISH_LIMITS)) {
      const messages = chunk.map((text) => (type === undefined ? { text } : { text, type }))
      const { ids } = await api.service.messages.publish.mutate({ topic, messages })
      count += ids.length
      for (const id of ids) print(asJson ? json({ id }) : id)
    }
    if (count === 0) return warn('there was nothing to publish')
    const { topics } = await api.admin.status.query()
    if (topics.some((joined) => joined.topic === topic)) return
    warn(
      `this node has not joined ${printable(topic)}: it stores what it publishes there, and hears nothing from others`,
    )
  })
}
