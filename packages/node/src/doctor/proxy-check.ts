import { lookup } from 'node:dns/promises'
import type { CheckedConfig } from '../config/checked-config.ts'
import type { Step } from './ask.ts'
import type { Check, CheckContext, Finding } from './check.ts'
import { LATE, orLate } from './or-late.ts'
import { callerFinding, OTHER_ADDRESS } from './proxy-caller.ts'
import { areKeptBack, eventsFinding, readPulses } from './proxy-events.ts'
import { pathsFinding } from './proxy-paths.ts'
import { webSocketFinding } from './proxy-websocket.ts'

/** The events take a second, and a proxy may be far away. */
const EVENTS_MS = 5_000
const ASK_MS = 4_000
/** Of a configuration with very many. */
const MAX_URLS = 8

/** Whether what is in front of the API hands on what the API is: events as they come, WebSockets, and who calls. */
export const proxyCheck: Check = {
  name: 'proxy',
  timeoutMs: 10_000,
  async run(context, signal) {
    const { config } = context
    if (config === undefined) return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    const urls = config.http.publicUrls ?? []
    if (urls.length === 0)
      return [{ state: 'not-checked', message: 'no URL in api.urls: there is no proxy to be looked at' }]
    const found = urls.slice(0, MAX_URLS).map((url) => lookAt(url, { ...context, config }, signal))
    return (await Promise.all(found)).flat()
  },
}

async function lookAt(
  url: string,
  context: CheckContext & { readonly config: CheckedConfig },
  signal: AbortSignal,
): Promise<Finding[]> {
  const about = (finding: Finding): Finding => ({ subject: url, ...finding })
  const localAddress = await sourceFor(new URL(url).hostname, signal)
  // What other checks load would keep this process from noticing when events come.
  await Promise.all([import('@pastel-mesh/sdk-node'), import('@pastel-mesh/sdk-server')])
  const listen = () => readPulses(url, { localAddress, signal: endingIn(EVENTS_MS, signal) })
  let read = await listen()
  // A machine that is busy may see them together once; a proxy that keeps them back does it each time.
  if (read.kind === 'read' && areKeptBack(read.pulses)) read = await listen()
  if (read.kind === 'unreached') return [about(unreached(read.at, read.reason))]
  if (context.node.kind !== 'running') {
    const message = `answers HTTP ${read.status}; what it hands on shows when the node runs`
    return [about({ state: 'not-checked', message, measured: { status: read.status } })]
  }
  const ending = endingIn(ASK_MS, signal)
  const [webSocket, paths] = await Promise.all([webSocketFinding(url, ending), pathsFinding(url, ending)])
  const events = eventsFinding(read, context.config)
  // Without events nobody has said how the caller is seen.
  const caller =
    read.pulses.length === 0 ? [] : [await callerFinding(read, context.config.http.trustedProxies ?? [])]
  return [events, webSocket, ...caller, paths].map(about)
}

const STEPS: Readonly<Record<Step, string>> = {
  name: 'see to the name: "getent hosts NAME", and the records of its domain',
  connection: 'start the proxy ("systemctl status nginx"), and open its port in the firewall',
  TLS: 'see what is said of its certificate, and the error log of the proxy',
  HTTP: 'see the error log of the proxy: it takes the connection, and does not come to an answer',
}

function unreached(at: Step, reason: string): Finding {
  return {
    state: 'failed',
    message: `not reached (${at}): ${reason}`,
    advice: STEPS[at],
    measured: { at, reason },
  }
}

function endingIn(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)])
}

/**
 * On the loopback callers and the proxy have one address, 127.0.0.1, whichever of 127.* is called: from another one that Linux
 * has there the two can be told apart. Of IPv6 there is no other.
 */
async function sourceFor(host: string, signal: AbortSignal): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined
  const name = host.replace(/^\[|\]$/g, '')
  const found = await orLate(ASK_MS, signal, () => lookup(name, { all: true })).catch(() => [])
  if (found === LATE) return undefined
  return found.some(({ address }) => address.startsWith('127.')) ? OTHER_ADDRESS : undefined
}
