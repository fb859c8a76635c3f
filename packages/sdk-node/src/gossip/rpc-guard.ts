import type { RPC } from '@libp2p/gossipsub/message'

/** An RPC without what this node has no use for, and the work that the whole of it stands for. */
export interface AdmittedRpc {
  readonly rpc: RPC
  readonly work: number
}

/** Units of work of one GRAFT or PRUNE: gossipsub writes a tag to its peer store for each. */
const MESH_CHANGE_WORK = 50

/** Message ids that are one unit of work to decode. */
const IDS_PER_UNIT = 8

/**
 * Takes out of an RPC what can only cost: messages of topics that this node has not joined, which gossipsub would
 * keep and never show to anybody; IWANT, for this node never says IHAVE, and an answer could be everything that it
 * has sent in seconds, in one frame; IHAVE, for what a peer missed comes by log sync; GRAFT and PRUNE of topics not
 * joined, or of one topic many times.
 */
export function admitRpc(rpc: RPC, isJoined: (topic: string) => boolean): AdmittedRpc {
  const { subscriptions, control } = rpc
  const messages = rpc.messages.filter(({ topic }) => isJoined(topic))
  const work = subscriptions.length + rpc.messages.length
  if (control === undefined) return { rpc: { subscriptions, messages }, work }
  const { graft, prune, ihave, iwant, idontwant } = control
  const changes = graft.length + prune.length
  const ids = countIds(ihave) + countIds(iwant) + countIds(idontwant)
  return {
    rpc: {
      subscriptions,
      messages,
      control: {
        ihave: [],
        iwant: [],
        idontwant,
        graft: lastOfEachTopic(graft, isJoined),
        prune: lastOfEachTopic(prune, isJoined),
      },
    },
    work: work + changes * MESH_CHANGE_WORK + Math.ceil(ids / IDS_PER_UNIT),
  }
}

function countIds(lists: readonly { messageIDs: readonly Uint8Array[] }[]): number {
  return lists.reduce((sum, { messageIDs }) => sum + 1 + messageIDs.length, 0)
}

function lastOfEachTopic<T extends { topicID?: string }>(
  changes: readonly T[],
  isJoined: (topic: string) => boolean,
): T[] {
  const byTopic = new Map<string, T>()
  for (const change of changes) {
    if (change.topicID !== undefined && isJoined(change.topicID)) byTopic.set(change.topicID, change)
  }
  return [...byTopic.values()]
}
