import { parseChannel } from '@pastel-mesh/protocol'
import type { Counts, MessageStore } from '@pastel-mesh/storage'
import { listTopics } from '../rest/operations/node.ts'
import { readProcedure, router } from '../trpc.ts'

/** More than a node carries. */
const MAX_COUNTERS = 10_000

/** What the node has joined. */
export const topics = router({
  /** Each topic with the members that subscribe to it and are connected, and what was ever taken in for it. */
  list: readProcedure.meta({ rest: listTopics }).query(({ ctx: { node, store } }) => {
    const taken = takenByTopic(store)
    return {
      topics: node.topics.map((topic) => {
        const counts = taken.get(topic)
        return {
          topic,
          peers: node.topicPeers(topic).map(({ pastelId }) => pastelId),
          ...(counts === undefined ? {} : { taken: counts }),
        }
      }),
    }
  }),
})

function takenByTopic(store: MessageStore): Map<string, Counts> {
  const taken = new Map<string, Counts>()
  for (const { channel = '', messages, batches, bytes } of store.counts({
    by: 'channel',
    limit: MAX_COUNTERS,
  }).counts) {
    const parsed = parseChannel(channel)
    if (parsed.kind === 'topic') taken.set(parsed.topic, { messages, batches, bytes })
  }
  return taken
}
