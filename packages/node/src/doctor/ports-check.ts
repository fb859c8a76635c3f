import { createServer } from 'node:net'
import type { Check, CheckContext, Finding } from './check.ts'
import { type ListenPlace, listenPlaces, multiaddrPlace } from './listen-places.ts'
import { isTakenBy, type ListeningSocket, listeningSockets } from './listening-sockets.ts'
import { ELSEWHERE, runsElsewhere } from './node-process.ts'
import type { NodeStatus } from './node-state.ts'
import { describeProcess, holdersOf } from './processes.ts'

const EVERYWHERE: readonly string[] = ['0.0.0.0', '::']

/** Whether the node has, or could have, what it is to listen on. */
export const portsCheck: Check = {
  name: 'port',
  timeoutMs: 5_000,
  async run({ config, node, dataDir }) {
    if (config === undefined) return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    const places = listenPlaces(config)
    if (node.kind === 'running' && (await runsElsewhere(dataDir, node.status.pid))) {
      return places.map(({ text, key }) => ({ ...ELSEWHERE, subject: text, measured: { key } }))
    }
    const sockets = await listeningSockets()
    const taken = (sockets ?? []).filter((socket) =>
      places.some(({ host, port }) => isTakenBy(socket, host, port)),
    )
    const holders = taken.length === 0 ? new Map() : await holdersOf(new Set(taken.map(({ file }) => file)))
    return Promise.all(
      places.map((place) =>
        placeFinding(place, {
          node,
          taken,
          holders,
          isTold: sockets !== undefined,
          isAnnounced: config.announce.length > 0,
        }),
      ),
    )
  },
}

interface Known {
  readonly node: CheckContext['node']
  readonly taken: readonly ListeningSocket[]
  /** Processes, by the file of the socket that they have. */
  readonly holders: ReadonlyMap<string, number>
  /** The system tells who listens. */
  readonly isTold: boolean
  /** The addresses that the node tells are set, and not those that it listens on. */
  readonly isAnnounced: boolean
}

export async function placeFinding(place: ListenPlace, known: Known): Promise<Finding> {
  const { host, port, text, key } = place
  const subject = text
  const measured = { key, host, port }
  if (port === 0) return { state: 'ok', subject, message: `any free port (${key})`, measured }
  const found = known.taken.filter((socket) => isTakenBy(socket, host, port))
  const pids = found.map(({ file }) => known.holders.get(file)).filter((pid) => pid !== undefined)
  const { node } = known
  if (node.kind === 'running') {
    const { pid } = node.status
    if (pids.includes(pid)) {
      return {
        state: 'ok',
        subject,
        message: `held by the node, process ${pid} (${key})`,
        measured: { ...measured, pid },
      }
    }
    if (found.length > 0 && pids.length === 0) {
      if (tellsOf(node.status, place, known)) {
        return { state: 'ok', subject, message: `listened on, by the node as that says (${key})`, measured }
      }
      return {
        state: 'not-checked',
        subject,
        message: `a process of another user listens there (${key}): run it as the user of the node, or as root`,
        measured,
      }
    }
    if (!known.isTold)
      return { state: 'not-checked', subject, message: 'this system does not tell who listens', measured }
    return {
      state: 'failed',
      subject,
      message: `the node runs, and does not listen there (${key})${pids[0] === undefined ? '' : `: ${await describeProcess(pids[0])} does`}`,
      advice: 'start the node anew; its log says why it does not listen',
      measured,
    }
  }
  const error = await bindError(host, port)
  if (error === undefined) return { state: 'ok', subject, message: `free (${key})`, measured }
  return {
    state: 'failed',
    subject,
    ...(await explain(error, place, pids[0])),
    measured: { ...measured, code: error.code, pid: pids[0] },
  }
}

/** Whether the node itself says that it listens there. */
function tellsOf(
  { addresses, api }: NodeStatus,
  { key, host, port }: ListenPlace,
  { isAnnounced }: Known,
): boolean {
  const isIt = (one: { host: string; port: number }) =>
    one.port === port && (one.host === host || EVERYWHERE.includes(host))
  if (key === 'listen') return !isAnnounced && addresses.map(multiaddrPlace).some(isIt)
  // Behind the first stand those that the configuration says.
  const url = key === 'api.listen' ? api.urls[0] : api.metricsUrl
  return url !== undefined && isIt(urlPlace(url))
}

function urlPlace(text: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(text)
  const host = hostname.replace(/^\[|\]$/g, '')
  return { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
}

async function explain(
  { code, message }: NodeJS.ErrnoException,
  { key, flag, port }: ListenPlace,
  pid: number | undefined,
): Promise<{ message: string; advice: string }> {
  const other = `choose another with ${flag} ADDRESS:PORT (${key})`
  switch (code) {
    case 'EADDRINUSE': {
      const who = pid === undefined ? 'a process that cannot be looked at' : await describeProcess(pid)
      const how =
        pid === undefined
          ? `as root, "ss -ltnp sport = :${port}" shows whose it is`
          : `stop it ("kill ${pid}")`
      return { message: `in use by ${who} (${key})`, advice: `${how}, or ${other}` }
    }
    case 'EADDRNOTAVAIL':
      return {
        message: `this machine does not have that address (${key})`,
        advice: `"ip addr" shows those that it has; ${other}`,
      }
    case 'EACCES':
      return {
        message: `this user may not listen there (${key})`,
        advice: `ports below 1024 are reserved: ${other}, or give the service AmbientCapabilities=CAP_NET_BIND_SERVICE`,
      }
    default:
      return { message: `cannot be listened on: ${message} (${key})`, advice: other }
  }
}

/** What the system says when somebody wants to listen there; nobody listens for longer than it takes to see. */
function bindError(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | undefined>()
  const server = createServer((socket) => socket.destroy())
  server.once('error', resolve)
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  return promise
}
