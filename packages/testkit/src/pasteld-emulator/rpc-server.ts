import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { type Work, WorkQueue, type WorkQueueOptions } from './work-queue.ts'

/** The core's MAX_SIZE. */
const MAX_BODY_BYTES = 33_554_432

export interface HttpRequest {
  readonly authorization: string | undefined
  readonly body: string
}

export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  /** What becomes of the connection instead of a whole answer. */
  readonly ending?: 'reset' | 'cut-off' | 'silent'
}

export interface RpcServerOptions extends WorkQueueOptions {
  readonly port: number
  readonly timeoutMs: number
}

export interface RpcServerComponents {
  /** Done in one of the threads; never rejects. */
  readonly handle: (request: HttpRequest) => Promise<HttpAnswer>
}

/** The HTTP server of a core, from one start to the next stop. */
export class RpcServer {
  readonly #options: RpcServerOptions
  readonly #handle: RpcServerComponents['handle']
  readonly #server: Server
  readonly #queue: WorkQueue
  readonly #sockets = new Set<Socket>()
  /** Connections of which a call waits or is worked on: they are not idle. */
  readonly #busy = new Set<Socket>()
  readonly #writing = new Set<Promise<unknown>>()
  #isStopping = false

  constructor(options: RpcServerOptions, { handle }: RpcServerComponents) {
    this.#options = options
    this.#handle = handle
    this.#queue = new WorkQueue(options)
    this.#server = createServer(
      // Only the one time limit that the core has, below; and no hint of it in answers, which the core does not give.
      { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 },
      (request, response) => {
        this.#receive(request, response).catch(() => request.socket.destroy())
      },
    )
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.on('error', () => {})
    })
    this.#server.setTimeout(options.timeoutMs, (socket) => {
      if (!this.#busy.has(socket)) socket.destroy()
    })
  }

  async start(): Promise<void> {
    const { port } = this.#options
    this.#server.listen({ port, host: '127.0.0.1' })
    await once(this.#server, 'listening')
  }

  /** As a core of its family ends: no new connections, what is worked on is answered, all else gets 503. */
  async stop(): Promise<void> {
    this.#isStopping = true
    // Not the HTTP server's own way, which closes connections that are idle now: there, too, new calls get 503.
    const closed = new Promise((resolve) => NetServer.prototype.close.call(this.#server, resolve))
    this.#queue.interrupt()
    await this.#queue.idle()
    await Promise.all(this.#writing)
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  /** All connections break, and what is worked on is answered to nobody. */
  async crash(): Promise<void> {
    this.#isStopping = true
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.resetAndDestroy()
    this.#queue.interrupt()
    await closed
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    if (body === undefined) {
      this.#write(response, errorPage(413, 'Request Entity Too Large'), { isLast: true })
    } else if (this.#isStopping) {
      this.#write(response, UNAVAILABLE, { isLast: true })
    } else if (!['GET', 'HEAD', 'POST', 'PUT'].includes(request.method ?? '')) {
      this.#write(response, { status: 405, body: '' })
    } else if (request.url !== '/') {
      this.#write(response, { status: 404, body: '' })
    } else {
      this.#enqueue(request, response, body)
    }
  }

  #enqueue(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { socket, method } = request
    const { authorization } = request.headers
    this.#busy.add(socket)
    const work: Work = {
      run: async () => {
        const answer =
          method === 'POST'
            ? await this.#handle({ authorization, body })
            : { status: 405, body: 'JSONRPC server handles only POST requests' }
        this.#busy.delete(socket)
        this.#write(response, answer, { isLast: this.#isStopping })
      },
      refuse: () => this.#write(response, UNAVAILABLE, { isLast: true }),
    }
    if (this.#queue.add(work)) return
    this.#busy.delete(socket)
    this.#write(response, { status: 500, body: 'Work queue depth exceeded' })
  }

  #write(response: ServerResponse, answer: HttpAnswer, { isLast = false } = {}): void {
    const { status, headers, body, ending } = answer
    const { socket } = response
    if (ending === 'silent' || socket === null || socket.destroyed) return
    if (ending === 'reset') {
      socket.resetAndDestroy()
      return
    }
    response.writeHead(status, {
      ...headers,
      'Content-Length': Buffer.byteLength(body),
      ...(isLast ? { Connection: 'close' } : {}),
    })
    if (ending === 'cut-off') {
      response.write(body.slice(0, Math.floor(body.length / 2)), () => socket.destroy())
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    response.once('finish', resolve)
    response.once('close', resolve)
    this.#writing.add(promise)
    void promise.then(() => this.#writing.delete(promise))
    response.end(body)
  }
}

/** @returns undefined: it is too long */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > MAX_BODY_BYTES) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString()
}

/** As libevent writes it. */
function errorPage(status: number, reason: string): HttpAnswer {
  const body = `<HTML><HEAD>\n<TITLE>${status} ${reason}</TITLE>\n</HEAD><BODY>\n<H1>${reason}</H1>\n</BODY></HTML>\n`
  return { status, headers: { 'Content-Type': 'text/html' }, body }
}

const UNAVAILABLE = errorPage(503, 'Service Unavailable')
