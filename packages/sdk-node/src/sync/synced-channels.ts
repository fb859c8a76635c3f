import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, topicChannel } from '@pastel-mesh/protocol'

/**
 * What a node reads of a peer: its topics, its own inbox, and what it wrote to the peer's, which is all that it is shown of
 * that. A node that was restored from an older copy finds there what it had sent since.
 */
export function syncedChannels(
  topics: readonly string[],
  own: PastelId,
  peer: PastelId | undefined,
): readonly string[] {
  const inboxes = new Set(peer === undefined ? [own] : [own, peer])
  return [...topics.map(topicChannel), ...[...inboxes].map(inboxChannel)]
}
