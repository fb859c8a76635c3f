import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http'

export interface ExchangeOptions {
  readonly url: URL
  readonly authorization: string
  readonly body: Buffer
  readonly maxAnswerBytes: number
  /** Keeps connections; without it the exchange has one of its own. */
  readonly agent?: Agent
  readonly signal: AbortSignal
}

/** How an exchange ended. `wasSent`: bytes of the request may have got there. */
export type Exchange =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly contentType: string
      readonly body: Buffer
    }
  | { readonly kind: 'oversized'; readonly maxAnswerBytes: number }
  | { readonly kind: 'failed'; readonly wasSent: boolean; readonly cause: unknown }

/** One request by HTTP and its answer; never throws. */
export async function exchange(options: ExchangeOptions): Promise<Exchange> {
  const { url, authorization, body, maxAnswerBytes, agent, signal } = options
  let wasSent = false
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = httpRequest(url, {
        method: 'POST',
        agent: agent ?? false,
        signal,
        headers: {
          authorization,
          'content-type': 'application/json',
          'content-length': body.length,
          ...(agent === undefined && { connection: 'close' }),
        },
      })
      request.once('socket', (socket) => {
        // Nothing leaves before the connection is there; of one that is there already nobody can say.
        if (!socket.connecting) wasSent = true
        else socket.once('connect', () => (wasSent = true))
      })
      request.once('response', resolve)
      request.on('error', reject)
      request.end(body)
    })
    const chunks: Buffer[] = []
    let sizeBytes = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length
      // Leaving the loop destroys the response.
      if (sizeBytes > maxAnswerBytes) return { kind: 'oversized', maxAnswerBytes }
      chunks.push(chunk)
    }
    const { statusCode = 0, headers } = response
    return {
      kind: 'answered',
      status: statusCode,
      contentType: headers['content-type'] ?? '',
      body: Buffer.concat(chunks),
    }
  } catch (cause) {
    return { kind: 'failed', wasSent, cause }
  }
}
