import { createServer } from 'node:net'
import type { Check, CheckContext, Finding } from './check.ts'
import { type ListenPlace, listenPlaces } from './listen-places.ts'
import { isTakenBy, type ListeningSocket, listeningSockets } from './listening-sockets.ts'
import { describeProcess, holdersOf } from './processes.ts'

/** Whether the node has, or could have, what it is to listen on. */
export const portsCheck: Check = {
  name: 'port',
  timeoutMs: 5_000,
  async run({ config, node }) {
    if (config === undefined) return [{ state: 'not-checked', message: 'the configuration is wrong' }]
    const places = listenPlaces(config)
    const sockets = await listeningSockets()
    const taken = (sockets ?? []).filter((socket) =>
      places.some(({ host, port }) => isTakenBy(socket, host, port)),
    )
    const holders = taken.length === 0 ? new Map() : await holdersOf(new Set(taken.map(({ file }) => file)))
    return Promise.all(
      places.map((place) => findingOf(place, { node, taken, holders, isTold: sockets !== undefined })),
    )
  },
}

interface Known {
  readonly node: CheckContext['node']
  readonly taken: readonly ListeningSocket[]
  readonly holders: ReadonlyMap<string, number>
  readonly isTold: boolean
}

async function findingOf(place: ListenPlace, known: Known): Promise<Finding> {
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
      return {
        state: 'ok',
        subject,
        message: `listened on, by a process of another user, which is probably the node (${key})`,
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
