import type { IncomingMessage } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { Pulse } from '@pastel-mesh/sdk-server'
import type { CheckedConfig } from '../config/checked-config.ts'
import { ask, type Step } from './ask.ts'
import type { Finding } from './check.ts'
import { FORGED_ADDRESS } from './proxy-caller.ts'

/** Events that came within less than half of the time in which they were sent were kept back. */
const KEPT_BACK_SHARE = 0.5
const UNBUFFERED = 'nginx: proxy_buffering off; for /trpc/, and no proxy_ignore_headers X-Accel-Buffering'
/** Five events have some hundred bytes each. */
const MAX_TEXT = 64 * 1024

/** A sign of life, and when it came, in ms after it was asked for. */
export interface SeenPulse extends Pulse {
  readonly cameMs: number
}

export type ReadPulses =
  | {
      readonly kind: 'read'
      readonly status: number
      readonly headers: IncomingMessage['headers']
      readonly pulses: readonly SeenPulse[]
      /** What the node said instead. */
      readonly error: string | undefined
      readonly localAddress: string
    }
  | { readonly kind: 'unreached'; readonly at: Step; readonly reason: string }

/** Follows `service.pulse` through a proxy, as a browser would. */
export async function readPulses(
  url: string,
  { localAddress, signal }: { localAddress: string | undefined; signal: AbortSignal },
): Promise<ReadPulses> {
  const asked = await ask(new URL('/trpc/service.pulse', url), {
    signal,
    localAddress,
    headers: {
      accept: 'text/event-stream',
      'accept-encoding': 'gzip',
      'x-forwarded-for': FORGED_ADDRESS,
    },
  })
  if (asked.kind === 'upgraded')
    return { kind: 'unreached', at: 'HTTP', reason: 'it answered with another protocol' }
  if (asked.kind === 'unreached') return asked
  const { response, askedAtMs } = asked
  const pulses: SeenPulse[] = []
  let error: string | undefined
  let text = ''
  try {
    for await (const chunk of decoded(response)) {
      text += chunk
      const cameMs = performance.now() - askedAtMs
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end)
        text = text.slice(end + 2)
        const data = /^data: (.*)$/m.exec(event)?.[1] ?? ''
        if (/^event: serialized-error$/m.test(event)) error = messageIn(data)
        else if (!event.startsWith('event:')) pulses.push({ ...pulseIn(data), cameMs })
      }
      if (text.length > MAX_TEXT) break
    }
  } catch {
    // What came before it was cut off says enough.
  }
  const { statusCode: status = 0, headers } = response
  return { kind: 'read', status, headers, pulses, error, localAddress: asked.localAddress }
}

/** Whether all have come, and together. */
export function areKeptBack(pulses: readonly SeenPulse[]): boolean {
  const [first, last] = [pulses[0], pulses.at(-1)]
  if (first === undefined || last === undefined || pulses.length < first.of) return false
  return last.cameMs - first.cameMs < (last.afterMs - first.afterMs) * KEPT_BACK_SHARE
}

/** Whether events come as they are sent. */
export function eventsFinding(
  { status, headers, pulses, error }: ReadPulses & { kind: 'read' },
  config: CheckedConfig,
): Finding {
  const measured = {
    status,
    events: pulses.map(({ afterMs, cameMs }) => ({ sentAfterMs: afterMs, cameAfterMs: Math.round(cameMs) })),
  }
  if (status !== 200) return { state: 'failed', ...explainStatus(status, headers, config), measured }
  if (error !== undefined)
    return { state: 'not-checked', message: `the node gave no events: ${error}`, measured }
  const [first, last] = [pulses[0], pulses.at(-1)]
  const type = headers['content-type']
  if (first === undefined && type?.startsWith('text/event-stream')) {
    return { state: 'failed', message: 'events are kept back: none came', advice: UNBUFFERED, measured }
  }
  if (first === undefined || last === undefined) {
    return {
      state: 'failed',
      message: `events do not come: something else than the node answers (${type ?? 'no type'})`,
      advice: 'have the proxy hand on /trpc/ to the address of api.listen',
      measured,
    }
  }
  const sentMs = last.afterMs - first.afterMs
  const cameMs = last.cameMs - first.cameMs
  const shown = `${pulses.length} events that were sent over ${sentMs} ms came over ${Math.round(cameMs)} ms, the first after ${Math.round(first.cameMs)} ms`
  if (pulses.length < first.of) {
    return {
      state: 'failed',
      message: `streams are cut off: ${shown}`,
      advice: 'nginx: proxy_read_timeout 60s; for /trpc/; see its error log',
      measured,
    }
  }
  if (areKeptBack(pulses)) {
    const encoding = headers['content-encoding']
    return {
      state: 'failed',
      message: `events are kept back: ${shown}${encoding === undefined ? '' : `, compressed (${encoding})`}`,
      advice:
        encoding === undefined
          ? UNBUFFERED
          : 'nginx: gzip off; for /trpc/, or no text/event-stream in gzip_types',
      measured,
    }
  }
  return { state: 'ok', message: `events come as they are sent: ${shown}`, measured }
}

function explainStatus(
  status: number,
  { location }: IncomingMessage['headers'],
  { http }: CheckedConfig,
): { message: string; advice: string } {
  const answered = `answers HTTP ${status}`
  const where = `${http.host ?? '127.0.0.1'}:${http.port ?? 0}`
  if (status === 404) {
    return {
      message: `${answered}: it does not lead to the API`,
      advice: `have the proxy hand on /trpc/ to ${where} (api.listen)`,
    }
  }
  if (status === 421) {
    return {
      message: `${answered}: it does not hand on the name that was asked for`,
      advice: 'nginx: proxy_set_header Host $host;',
    }
  }
  if (status === 429) {
    return {
      message: `${answered}: its limit for requests is reached`,
      advice: 'wait a minute and look again; else raise the limit of the proxy',
    }
  }
  if (status >= 300 && status < 400) {
    return {
      message: `${answered}: it sends callers to ${location ?? 'another place'}`,
      advice: 'set api.urls to where the API is, or hand it on here',
    }
  }
  if (status === 401 || status === 403) {
    return {
      message: `${answered}: the proxy lets nobody in`,
      advice: 'let /trpc/ through: who may call what the node itself decides',
    }
  }
  if (status >= 500) {
    return {
      message: `${answered}: the proxy does not reach the node`,
      advice: `have it lead to ${where} (api.listen); its error log says what it met`,
    }
  }
  return { message: answered, advice: 'see the access log and the error log of the proxy' }
}

function decoded(response: IncomingMessage): Readable {
  if (response.headers['content-encoding'] !== 'gzip') return response.setEncoding('utf8')
  // What is there is given, whether a block of it is complete or not.
  const unzipped = pipeline(response, createGunzip(), () => {}) as unknown as Readable
  return unzipped.setEncoding('utf8')
}

function pulseIn(data: string): Pulse {
  return (JSON.parse(data) as { json: Pulse }).json
}

function messageIn(data: string): string {
  try {
    return (JSON.parse(data) as { json: { message: string } }).json.message
  } catch {
    return 'an error'
  }
}
