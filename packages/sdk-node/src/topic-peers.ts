import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { assertTopicName } from '@pastel-mesh/protocol'
import type { Gossip } from './gossip/gossip.ts'

/** A peer that subscribes to a topic. */
export interface TopicPeer {
  readonly peerId: string
  readonly pastelId: PastelId
}

export interface WaitForPeersOptions {
  /** How many peers at least. @default 1 */
  readonly min?: number
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal
}

export interface TopicPeersComponents {
  readonly gossip: () => Gossip
  readonly pastelIdOf: (peerId: string) => PastelId | undefined
}

/** Which peers subscribe to a topic. */
export class TopicPeers {
  readonly #components: TopicPeersComponents
  readonly #stopped = new AbortController()

  constructor(components: TopicPeersComponents) {
    this.#components = components
  }

  /** @throws ProtocolError ERR_TOPIC_NAME */
  list(topic: string): TopicPeer[] {
    assertTopicName(topic)
    const { gossip, pastelIdOf } = this.#components
    return gossip()
      .subscribers(topic)
      .flatMap((peerId) => {
        const pastelId = pastelIdOf(peerId)
        return pastelId === undefined ? [] : [{ peerId, pastelId }]
      })
  }

  /** @throws ProtocolError ERR_TOPIC_NAME; MeshError ERR_PEER_COUNT, ERR_STOPPED; the signal's reason */
  async wait(topic: string, { min = 1, signal }: WaitForPeersOptions): Promise<TopicPeer[]> {
    assertTopicName(topic)
    if (!Number.isSafeInteger(min) || min < 0) {
      throw new MeshError('ERR_PEER_COUNT', `${min} is no number of peers to wait for: give 0, 1, 2 …`)
    }
    const ended =
      signal === undefined ? this.#stopped.signal : AbortSignal.any([signal, this.#stopped.signal])
    ended.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<TopicPeer[]>()
    const look = () => {
      const peers = this.list(topic)
      if (peers.length >= min) resolve(peers)
    }
    const abort = () => reject(ended.reason)
    ended.addEventListener('abort', abort, { once: true })
    const removeListener = this.#components.gossip().onSubscriptions(look)
    look()
    try {
      return await promise
    } finally {
      removeListener()
      ended.removeEventListener('abort', abort)
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#stopped.abort(new MeshError('ERR_STOPPED', 'the node was stopped'))
  }
}
