import { z } from 'zod'
import type { Exchange } from './http-exchange.ts'
import { PasteldError } from './pasteld-error.ts'
import { showableMessage } from './secrets-of-call.ts'

/** What was asked, and of whom. */
export interface Asked {
  readonly url: string
  readonly method: string
  readonly params: readonly unknown[]
  readonly id: number
}

/**
 * What a try came to.
 * - `result`: the core's answer
 * - `refused`: it was not carried out, and would not be next time
 * - `later`: it was not carried out, and may be next time
 * - `unauthorized`: likewise, with other credentials
 * - `broken`: the connection broke, so nobody knows
 * - `unreadable`: the core may have carried it out, and what it answered is none
 */
export type Outcome =
  | { readonly kind: 'result'; readonly result: unknown }
  | {
      readonly kind: 'refused' | 'later' | 'unauthorized' | 'broken' | 'unreadable'
      readonly error: PasteldError
    }

const WARMING_UP = -28
const WORK_QUEUE_FULL = 'Work queue depth exceeded'

const ANSWER = z.object({
  result: z.unknown(),
  error: z.object({ code: z.number(), message: z.string() }).nullish(),
  id: z.unknown(),
})

/** Reads what came of a request. Of what was answered nothing gets into an error. */
export function readAnswer(ended: Exchange, asked: Asked, authAdvice: string): Outcome {
  const { url } = asked
  if (ended.kind === 'oversized') {
    const message = `the answer of the core at ${url} is too long: more than ${ended.maxAnswerBytes} bytes`
    // The core forgets its messages at its end alone.
    const advice = asked.params[0] === 'message' ? '; it has gathered too many messages: restart it' : ''
    return fail('unreadable', 'ERR_PASTELD_ANSWER', message + advice)
  }
  if (ended.kind === 'failed') return readFailure(ended, url)
  const { status, body, contentType } = ended
  if (status === 401) {
    return fail(
      'unauthorized',
      'ERR_PASTELD_AUTH',
      `the core at ${url} lets nobody in by these credentials: ${authAdvice}`,
    )
  }
  if (status === 403) {
    const message = `the core at ${url} takes no calls from this machine: rpcallowip in its pastel.conf says from which`
    return fail('refused', 'ERR_PASTELD_AUTH', message)
  }
  if (status === 503) {
    return fail('later', 'ERR_PASTELD_UNREACHABLE', `the core at ${url} is being stopped`)
  }
  const text = body.toString('utf8')
  if (status === 500 && text.trim() === WORK_QUEUE_FULL) {
    const message = `the core at ${url} has more calls waiting than it takes: rpcworkqueue in its pastel.conf says how many`
    return fail('later', 'ERR_PASTELD_BUSY', message)
  }
  const answer = ANSWER.safeParse(parseJson(text))
  const what = `HTTP ${status}, ${body.length} bytes${contentType === '' ? '' : ` of ${contentType.slice(0, 100)}`}`
  if (!answer.success) {
    const message = `what answers at ${url} is no Pastel core: ${what}, not what JSON-RPC is: look at host and port`
    // Whoever refuses a request so did not carry it out.
    return fail(status >= 400 && status < 500 ? 'refused' : 'unreadable', 'ERR_PASTELD_ANSWER', message)
  }
  const { error, id, result } = answer.data
  if (error !== null && error !== undefined) return readError(error, asked)
  if (id !== asked.id) {
    return fail(
      'unreadable',
      'ERR_PASTELD_ANSWER',
      `the core at ${url} answered another call than this one (${what})`,
    )
  }
  if (status !== 200) {
    return fail(
      'unreadable',
      'ERR_PASTELD_ANSWER',
      `the core at ${url} answered neither well nor with an error (${what})`,
    )
  }
  return { kind: 'result', result }
}

function readError(error: { code: number; message: string }, { url, method, params }: Asked): Outcome {
  const rpcMessage = showableMessage(error.message, method, params)
  const options = { rpcCode: error.code, rpcMessage }
  if (error.code === WARMING_UP) {
    const message = `the core at ${url} is starting: ${rpcMessage}`
    return { kind: 'later', error: new PasteldError('ERR_PASTELD_WARMING_UP', message, options) }
  }
  const [command] = params
  const isCommand = (method === 'masternode' || method === 'pastelid') && typeof command === 'string'
  const call = isCommand ? `${method} ${command.slice(0, 50)}` : method.slice(0, 50)
  const message = `the core says of ${call}: ${rpcMessage} (${error.code})`
  return { kind: 'refused', error: new PasteldError('ERR_PASTELD_RPC', message, options) }
}

function readFailure({ wasSent, cause }: Extract<Exchange, { kind: 'failed' }>, url: string): Outcome {
  const { code, syscall, message } = cause as NodeJS.ErrnoException
  // An error of Node's parser of HTTP has the bytes that it could not parse.
  const options = syscall === undefined ? {} : { cause }
  const why = syscall === undefined ? (code ?? 'the connection broke') : message
  if (!wasSent) {
    const text = `no connection to the core at ${url} (${why}): is it running, and are these its host and port?`
    return { kind: 'later', error: new PasteldError('ERR_PASTELD_UNREACHABLE', text, options) }
  }
  if (code?.startsWith('HPE_')) {
    return fail('unreadable', 'ERR_PASTELD_ANSWER', `what answers at ${url} does not speak HTTP (${code})`)
  }
  const text = `the connection to the core at ${url} broke (${why})`
  return { kind: 'broken', error: new PasteldError('ERR_PASTELD_UNREACHABLE', text, options) }
}

function fail(
  kind: Exclude<Outcome['kind'], 'result'>,
  code: PasteldError['code'],
  message: string,
): Outcome {
  return { kind, error: new PasteldError(code, message) }
}

/** Undefined: it is none. The error that says why quotes it, so it is left out. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
