import { Agent, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'

export interface SocketFetchOptions {
  /** The Unix socket that whatever is fetched comes over. */
  readonly socketPath: string
  /** Silence before and during an answer, after which it is given up, in ms. */
  readonly silenceMs: number
  /** How long a connection is kept for the next request, in ms. */
  readonly keepAliveMs: number
}

/** As much of that of `fetch` as tRPC gives. */
export interface FetchInit {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly signal?: AbortSignal | null
}

/**
 * Fetches over a Unix socket with what Node has: the built-in `fetch` cannot, and to load a library that can takes
 * longer than most commands do otherwise.
 */
export class SocketFetch {
  readonly #options: SocketFetchOptions
  readonly #agent: Agent
  /** Requests whose answers have not come to their end. */
  readonly #pending = new Set<Promise<void>>()

  constructor(options: SocketFetchOptions) {
    this.#options = options
    this.#agent = new Agent({ keepAlive: true, timeout: options.keepAliveMs })
  }

  async fetch(
    url: string,
    { method = 'GET', headers = {}, body, signal }: FetchInit = {},
  ): Promise<Response> {
    const { socketPath, silenceMs } = this.#options
    const asked = request(url, {
      agent: this.#agent,
      socketPath,
      method,
      headers,
      timeout: silenceMs,
      ...(signal ? { signal } : {}),
    })
    const ended = new Promise<void>((resolve) => asked.once('close', resolve))
    this.#pending.add(ended)
    void ended.then(() => this.#pending.delete(ended))
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.once('response', resolve)
      // Also later, when nobody hears it any more: the answer fails as well then.
      asked.on('error', reject)
      asked.once('timeout', () => asked.destroy(new Error(`it was silent for ${silenceMs / 1_000} seconds`)))
      asked.end(body)
    })
    const { statusCode = 0, headers: told } = answer
    const type = told['content-type']
    return new Response(Readable.toWeb(answer) as ReadableStream, {
      status: statusCode,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  }

  /** Waits until all answers have come to their end. */
  async close(): Promise<void> {
    await Promise.all(this.#pending)
    this.#agent.destroy()
  }
}
