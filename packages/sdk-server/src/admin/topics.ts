import { z } from 'zod'
import { operatorProcedure, router, viewerProcedure } from '../trpc.ts'

/** Longer than any; what else makes a name is for the node to say. */
const topicInput = z.strictObject({ topic: z.string().min(1).max(200) })

/** What a node is told while it runs it has forgotten after its next start, where the configuration says which there are. */
const UNTIL = 'stop' as const

/** The topics that the node carries. */
export const topics = router({
  list: viewerProcedure.query(({ ctx: { node } }) =>
    node.topics.map((topic) => ({ topic, peers: node.topicPeers(topic).length })),
  ),

  /** Joins a topic: what is said there is taken in and stored. `until` says that it holds until the node stops. */
  subscribe: operatorProcedure.input(topicInput).mutation(({ input: { topic }, ctx: { node } }) => {
    const isChanged = !node.topics.includes(topic)
    node.join(topic)
    return { topic, isChanged, until: UNTIL }
  }),

  /** Leaves a topic; what is stored stays. */
  unsubscribe: operatorProcedure.input(topicInput).mutation(({ input: { topic }, ctx: { node } }) => {
    const isChanged = node.topics.includes(topic)
    node.leave(topic)
    return { topic, isChanged, until: UNTIL }
  }),
})
