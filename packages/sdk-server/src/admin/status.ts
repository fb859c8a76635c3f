import type { Context } from '../trpc.ts'
import { readAlerts } from './alerts.ts'
import { directStatus } from './direct-status.ts'
import { pasteldStatus } from './pasteld-status.ts'
import { queueStatus } from './queue-stats.ts'
import { standingOf } from './unshared.ts'

/** Where the API is served, and by how many it is used. */
function apiStatus({ served, auth, followers }: Context) {
  const { urls, metricsUrl } = served()
  return {
    /** By HTTP: where it listens, then those that the configuration says it is reached at; none: over the Unix socket alone. */
    urls: [...urls],
    /** Where metrics and health are served; absent: they are not. */
    ...(metricsUrl === undefined ? {} : { metricsUrl }),
    /** Logins that have not ended; service keys have none. */
    sessions: auth.sessions.list().length,
    /** Who follows what is stored, by the Unix socket as well. */
    followers: followers.count,
  }
}

/** What an operator asks first. */
export async function readStatus(ctx: Context) {
  const { node, store } = ctx
  const noted = await readAlerts(ctx)
  return {
    version: ctx.version,
    /** Since when it is being drained, in ms since 1970; null: it takes what it is given. */
    drainingSinceMs: ctx.drain.sinceMs ?? null,
    pid: process.pid,
    startedAtMs: ctx.startedAtMs,
    network: node.network,
    pastelId: node.pastelId,
    peerId: node.peerId,
    addresses: node.addresses(),
    topics: node.topics.map((topic) => ({ topic, peers: node.topicPeers(topic).length })),
    relay: node.relay,
    peers: node.peers(),
    api: apiStatus(ctx),
    /** How many bans hold. */
    bans: node.bans.list().length,
    /** How it stands with the addresses that the node keeps connections to. */
    bootstrap: node.bootstrap(),
    /** Connections that one of the two ends refused, the newest first. */
    refusals: ctx.refusals.list(),
    /** Nodes that the address book knows, connected or not. */
    knownNodes: node.knownNodes().length,
    store: {
      messages: store.end,
      floor: store.floor,
      ...store.sizes,
      commits: store.writer.stats.commits,
      syncs: store.writer.stats.syncs,
    },
    disk: store.disk.status,
    standing: await standingOf(node),
    direct: directStatus(ctx),
    queue: await queueStatus(ctx),
    bindings: await ctx.bindings(),
    plugins: [...ctx.plugins()],
    /** How it stands with the Pastel core; null: there is none. */
    pasteld: pasteldStatus(ctx),
    /** Keys of messages that were sent once, those of jobs above all. */
    once: node.onceKeys(),
    /** Those that are not dismissed, the newest first. */
    alerts: noted.filter(({ dismissedAtMs }) => dismissedAtMs === undefined).reverse(),
    dismissedAlerts: noted.filter(({ dismissedAtMs }) => dismissedAtMs !== undefined).length,
    counters: node.counters,
  }
}
