import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { describeNetError } from './net-error.ts'

/** On the way to an answer: where it failed. */
export type Step = 'name' | 'connection' | 'TLS' | 'HTTP'

export type Asked =
  | {
      readonly kind: 'answered'
      readonly response: IncomingMessage
      /** From where it was asked. */
      readonly localAddress: string
      /** When, by the monotonic clock. */
      readonly askedAtMs: number
    }
  | { readonly kind: 'upgraded' }
  | { readonly kind: 'unreached'; readonly at: Step; readonly reason: string }

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** Ends the question, and the answer. */
  readonly signal: AbortSignal
  /** Where the connection comes from. @default the system chooses */
  readonly localAddress?: string | undefined
}

/** Asks for something by HTTP, whatever the certificate is like: that is another check's, and nothing secret is sent. */
export function ask(url: URL, { headers = {}, signal, localAddress }: AskOptions): Promise<Asked> {
  const { promise, resolve } = Promise.withResolvers<Asked>()
  const isTls = url.protocol === 'https:'
  let at: Step = isIP(url.hostname.replace(/^\[|\]$/g, '')) === 0 ? 'name' : 'connection'
  const askedAtMs = performance.now()
  const call = (isTls ? httpsRequest : httpRequest)(url, {
    agent: false,
    headers,
    signal,
    rejectUnauthorized: false,
    ...(localAddress === undefined ? {} : { localAddress, family: 4 }),
  })
  call.on('socket', (socket) => {
    socket.on('lookup', (error) => {
      if (!error) at = 'connection'
    })
    socket.on('connect', () => {
      at = isTls ? 'TLS' : 'HTTP'
    })
    socket.on('secureConnect', () => {
      at = 'HTTP'
    })
  })
  call.on('response', (response) => {
    // What ends later is heard of by whoever reads it.
    response.on('error', () => {})
    resolve({ kind: 'answered', response, localAddress: response.socket.localAddress ?? '', askedAtMs })
  })
  call.on('upgrade', (_, socket) => {
    socket.destroy()
    resolve({ kind: 'upgraded' })
  })
  call.on('error', (error) => {
    const reason = signal.aborted ? 'no answer in time' : describeNetError(error)
    resolve({ kind: 'unreached', at, reason })
  })
  call.end()
  return promise
}
