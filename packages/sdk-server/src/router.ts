import { isPastelId, parsePastelId } from '@pastel-mesh/identity'
import { z } from 'zod'
import { messageInput, toMessageInput, toMessageOutput } from './message-schema.ts'
import { procedure, router } from './trpc.ts'

/** Messages of one call; more go in several. */
const MAX_PUBLISH = 1_000
/** Messages of one page. */
const MAX_PAGE = 1_000

const pastelId = z.string().refine(isPastelId, 'not a PastelID').transform(parsePastelId)

const messages = router({
  /** Signs and stores messages; answers when they are on disk. */
  publish: procedure
    .input(z.strictObject({ topic: z.string(), messages: z.array(messageInput).min(1).max(MAX_PUBLISH) }))
    .mutation(async ({ input, ctx }) => {
      const accepted = await ctx.node.publishMany(input.topic, input.messages.map(toMessageInput))
      return { ids: accepted.map(({ id }) => id) }
    }),

  /** A page of stored messages, the newest first unless asked otherwise. */
  list: procedure
    .input(
      z.strictObject({
        topic: z.string().optional(),
        sender: pastelId.optional(),
        from: z.string().optional(),
        oldestFirst: z.boolean().default(false),
        limit: z.number().int().min(1).max(MAX_PAGE).default(100),
      }),
    )
    .query(async ({ input, ctx }) => {
      const { topic, sender, from, oldestFirst, limit } = input
      const page = []
      const stored = ctx.node.messages({
        reverse: !oldestFirst,
        ...(topic === undefined ? {} : { topic }),
        ...(sender === undefined ? {} : { sender }),
        ...(from === undefined ? {} : { from }),
      })
      for await (const message of stored) {
        page.push(toMessageOutput(message))
        if (page.length === limit) break
      }
      return { messages: page }
    }),
})

const admin = router({
  /** What an operator asks first. */
  status: procedure.query(({ ctx }) => {
    const { node, store } = ctx
    return {
      version: ctx.version,
      pid: process.pid,
      startedAtMs: ctx.startedAtMs,
      network: node.network,
      pastelId: node.pastelId,
      peerId: node.peerId,
      addresses: node.addresses(),
      topics: node.topics.map((topic) => ({ topic, peers: node.topicPeers(topic).length })),
      peers: node.peers(),
      store: { messages: store.end, commits: store.writer.stats.commits, syncs: store.writer.stats.syncs },
      counters: node.counters,
    }
  }),

  /** Connects to a multiaddr. */
  connect: procedure
    .input(z.strictObject({ address: z.string() }))
    .mutation(({ input, ctx }) => ctx.node.connect(input.address, { signal: AbortSignal.timeout(15_000) })),
})

export const appRouter = router({ service: router({ messages }), admin })

/** The type that clients are built on. */
export type AppRouter = typeof appRouter
