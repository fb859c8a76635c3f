import { z } from 'zod'
import { alerts, readAlerts } from './alerts.ts'
import { checkMessages } from './check-messages.ts'
import { direct } from './direct.ts'
import { directStatus } from './direct-status.ts'
import { follow, followInput } from './follow.ts'
import { jobs } from './jobs.ts'
import { members } from './members.ts'
import { messageFilter } from './message-filter.ts'
import { messageInput, toMessageInput } from './message-schema.ts'
import { MAX_PAGE_MESSAGES, readPage } from './page.ts'
import { proofInput, readProof } from './proof.ts'
import { queueStatus } from './queue-stats.ts'
import { schedules } from './schedules.ts'
import { statistics } from './statistics.ts'
import { readStoredBy, storedByInput } from './stored-by.ts'
import { timeInput } from './time-schema.ts'
import { procedure, router } from './trpc.ts'
import { standingOf, unshared } from './unshared.ts'

/** Messages of one call; more go in several. */
const MAX_PUBLISH = 1_000

/** The longest address is shorter; a wrong one is not repeated at length. */
const target = z.strictObject({ target: z.string().min(1).max(1_000) })

const messages = router({
  /** Signs and stores messages; answers when they are on disk. If one is wrong, none is stored. */
  publish: procedure
    .input(z.strictObject({ topic: z.string(), messages: z.array(messageInput).min(1).max(MAX_PUBLISH) }))
    .mutation(async ({ input, ctx }) => {
      const messages = input.messages.map(toMessageInput)
      checkMessages(messages)
      const accepted = await ctx.node.publishMany(input.topic, messages)
      return { ids: accepted.map(({ id }) => id) }
    }),

  /**
   * A page of stored messages, the newest first unless asked otherwise. `next`, given as `from`, goes on where
   * a page ended that was not the last. `since` (included) and `until` (not included) are about the time at which
   * this node took a message in. With `type`, nothing is said of what is lost.
   */
  list: procedure
    .input(
      z.strictObject({
        ...messageFilter,
        since: timeInput.optional(),
        until: timeInput.optional(),
        from: z.string().optional(),
        oldestFirst: z.boolean().default(false),
        limit: z.number().int().min(1).max(MAX_PAGE_MESSAGES).default(100),
      }),
    )
    .query(({ input, ctx }) => readPage(input, ctx)),

  /**
   * What is stored from a place on, then what comes, without end: as server-sent events, whose ids are cursors. Whoever
   * connects again with `lastEventId` misses nothing and gets nothing twice.
   */
  follow: procedure.input(followInput).subscription(({ input, ctx, signal }) => follow(input, ctx, signal)),

  /** The signed batch that holds a message, and the one before it, as they are stored: for whoever verifies them. */
  proof: procedure.input(proofInput).query(({ input, ctx }) => readProof(input, ctx)),

  /**
   * Which of the members that announce its topic store a message of this node: those that are connected and have not said
   * so yet are asked now, which may take some seconds.
   */
  storedBy: procedure
    .input(storedByInput)
    .query(({ input, ctx, signal }) => readStoredBy(input, ctx, signal)),
})

const admin = router({
  /** What an operator asks first. */
  status: procedure.query(async ({ ctx }) => {
    const { node, store } = ctx
    const noted = await readAlerts(ctx)
    return {
      version: ctx.version,
      pid: process.pid,
      startedAtMs: ctx.startedAtMs,
      network: node.network,
      pastelId: node.pastelId,
      peerId: node.peerId,
      addresses: node.addresses(),
      topics: node.topics.map((topic) => ({ topic, peers: node.topicPeers(topic).length })),
      relay: node.relay,
      peers: node.peers(),
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
      /** Keys of messages that were sent once, those of jobs above all. */
      once: node.onceKeys(),
      /** Those that are not dismissed, the newest first. */
      alerts: noted.filter(({ dismissedAtMs }) => dismissedAtMs === undefined).reverse(),
      dismissedAlerts: noted.filter(({ dismissedAtMs }) => dismissedAtMs !== undefined).length,
      counters: node.counters,
    }
  }),

  members,
  alerts,
  unshared,
  jobs,
  schedules,

  /** Connects to a PastelID, a multiaddr, or `address:port`. */
  connect: procedure
    .input(target)
    .mutation(({ input, ctx }) => ctx.node.connect(input.target, { signal: AbortSignal.timeout(15_000) })),

  /** Carries every topic that a node of the network announces, or only those that were joined; until the node stops. */
  setRelay: procedure.input(z.strictObject({ on: z.boolean() })).mutation(({ input, ctx }) => {
    ctx.node.setRelay(input.on)
    return { relay: ctx.node.relay }
  }),

  /** Ends the connection to a peer, which is not dialled again until `connect`. */
  disconnect: procedure.input(target).mutation(({ input, ctx }) => ctx.node.disconnect(input.target)),
})

export const appRouter = router({ service: router({ messages, direct, statistics }), admin })

/** The type that clients are built on. */
export type AppRouter = typeof appRouter
