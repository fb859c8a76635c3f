import { withClient } from './with-client.ts'

export interface PublishRequest {
  readonly topic: string
  /** One message a line. */
  readonly lines: Iterable<string> | AsyncIterable<string>
  readonly type?: string
  readonly json: boolean
}

/** Messages of one call to the node. */
const CHUNK = 500

export async function publish(dataDir: string, request: PublishRequest): Promise<void> {
  const { topic, lines, json, ...options } = request
  await withClient(dataDir, async (api) => {
    let count = 0
    const send = async (texts: string[]) => {
      const messages = texts.map((text) => ({
        ...(options.type === undefined ? {} : { type: options.type }),
        text,
      }))
      const { ids } = await api.service.messages.publish.mutate({ topic, messages })
      count += ids.length
      for (const id of ids) process.stdout.write(`${json ? JSON.stringify({ id }) : id}\n`)
    }
    let chunk: string[] = []
    for await (const line of lines) {
      chunk.push(line)
      if (chunk.length < CHUNK) continue
      await send(chunk)
      chunk = []
    }
    if (chunk.length > 0) await send(chunk)
    if (count === 0) process.stderr.write('pmesh: there was nothing to publish\n')
  })
}
