import type { PastelId } from '@pastel-mesh/identity'
import { inboxChannel, topicChannel } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { SubscribeOptions } from './index.ts'
import { type IsDouble, MessageReader } from './message-reader.ts'
import type { ReceivedEntry } from './received-message.ts'

export interface FollowMessagesOptions extends SubscribeOptions {
  readonly topic?: string
  /** Whose store it is: then what does not open in its inbox is told as lost, and of others' inboxes nothing is. */
  readonly own?: PastelId
  /** Only what came to the inbox of {@link own}. */
  readonly direct?: 'received'
  readonly sender?: PastelId
  /** Only messages of this type, and what is lost, whose type nobody knows. */
  readonly type?: string
  /** `MeshNode.isDouble` of the node whose store it is. @default nothing is */
  readonly isDouble?: IsDouble
}

/**
 * What a store takes in, of all topics or as asked for: from a place on, then what comes, without end, nothing missed or
 * twice; the same entries as `MeshNode.subscribe`, and no topic is joined. A reader that is slow reads from the disk;
 * nothing piles up.
 * @throws ProtocolError ERR_TOPIC_NAME; StorageError ERR_CURSOR, ERR_STORE_UNAVAILABLE; the signal's reason
 * @example
 * for await (const entry of followMessages(store, { type: 'trade', from: 'start' })) {
 *   if (entry.kind === 'message') console.log(entry.id)
 * }
 */
export function followMessages(
  store: MessageStore,
  options: FollowMessagesOptions = {},
): AsyncGenerator<ReceivedEntry> {
  const { topic, own, direct, isDouble } = options
  const inbox = own === undefined ? undefined : inboxChannel(own)
  const reader = new MessageReader({
    store,
    ...(inbox === undefined ? {} : { inbox }),
    ...(isDouble === undefined ? {} : { isDouble }),
  })
  if (direct === 'received') return reader.follow(inbox, options)
  return reader.follow(topic === undefined ? undefined : topicChannel(topic), options)
}
