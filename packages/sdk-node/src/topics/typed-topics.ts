import { MeshError } from '@pastel-mesh/identity'
import { assertTopicName, type MessageOptions } from '@pastel-mesh/protocol'
import type { MeshNode, ReadMessagesOptions, SubscribeOptions } from '../index.ts'
import type { Accepted } from '../outbound/pending.ts'
import type { CursorNotice, LostNotice, ReceivedEntry, ReceivedMessage } from '../received-message.ts'
import type { SendOptions } from '../send-options.ts'
import type { Codec } from './codec.ts'

/** A topic whose messages carry values of one type. */
export interface Topic<In, Out = In> {
  readonly name: string
  readonly codec: Codec<In, Out>
}

/** What a topic's values have to be to be published, and what they are when they are read. */
export type TopicInput<T> = T extends Topic<infer In, unknown> ? In : never
export type TopicOutput<T> = T extends Topic<never, infer Out> ? Out : never

/** A message with its value; or, if its body does not decode, with the error that says why. */
export type TypedMessage<T> =
  | { readonly kind: 'message'; readonly ok: true; readonly value: T; readonly message: ReceivedMessage }
  | {
      readonly kind: 'message'
      readonly ok: false
      readonly error: MeshError
      readonly message: ReceivedMessage
    }

/** What reading a typed topic gives: its messages, and what is said of those that are not there. */
export type TypedEntry<T> = TypedMessage<T> | LostNotice | CursorNotice

/** The part of a node that typed topics are a layer over. */
type Node = Pick<MeshNode, 'publish' | 'subscribe' | 'messages'>

/** Publishes and reads the values of declared topics. */
export interface TypedTopics {
  /**
   * Signs a value and stores it; resolves when it is on disk.
   * @throws MeshError ERR_TOPIC_VALUE if the codec does not take the value; and as {@link MeshNode.publish}
   */
  publish<In, Out>(
    topic: Topic<In, Out>,
    value: In,
    options?: MessageOptions & SendOptions,
  ): Promise<Accepted>
  /**
   * The messages of a topic as {@link MeshNode.subscribe} gives them, each with its value. One that does not
   * decode comes in its place, as `ok: false`: whoever else writes to the topic can neither end the iteration nor
   * have a message skipped unseen.
   */
  subscribe<In, Out>(topic: Topic<In, Out>, options?: SubscribeOptions): AsyncGenerator<TypedEntry<Out>>
  /** Those of its messages that are stored now, as {@link MeshNode.messages} gives them. */
  messages<In, Out>(
    topic: Topic<In, Out>,
    options?: Omit<ReadMessagesOptions, 'topic'>,
  ): AsyncGenerator<TypedEntry<Out>>
}

/**
 * Declares what the messages of a topic carry. All who use the topic share the declaration.
 * @throws ProtocolError ERR_TOPIC_NAME
 */
export function defineTopic<In, Out>(topic: Topic<In, Out>): Topic<In, Out> {
  assertTopicName(topic.name)
  return Object.freeze({ name: topic.name, codec: topic.codec })
}

/**
 * A node's topics with types.
 *
 * @example
 * const prices = defineTopic({ name: 'prices', codec: json(z.object({ usd: z.number() })) })
 * const topics = typedTopics(node)
 * await topics.publish(prices, { usd: 0.0042 })
 * for await (const received of topics.subscribe(prices, { from: 'start' })) {
 *   if (received.kind !== 'message') console.warn(received.kind)
 *   else if (received.ok) console.log(received.value.usd)
 *   else console.warn(received.message.id, received.error.message)
 * }
 */
export function typedTopics(node: Node): TypedTopics {
  return {
    async publish(topic, value, { once, signal, ...options } = {}) {
      const body = await asTopicError(`the value cannot be published on ${topic.name}`, () =>
        topic.codec.encode(value),
      )
      return node.publish(
        topic.name,
        { ...options, ...body },
        { ...(once === undefined ? {} : { once }), ...(signal === undefined ? {} : { signal }) },
      )
    },
    subscribe: (topic, options) => decodeAll(topic, node.subscribe(topic.name, options)),
    messages: (topic, options) => decodeAll(topic, node.messages({ ...options, topic: topic.name })),
  }
}

async function* decodeAll<Out>(
  topic: Topic<never, Out>,
  entries: AsyncIterable<ReceivedEntry>,
): AsyncGenerator<TypedEntry<Out>> {
  for await (const entry of entries)
    yield entry.kind === 'message' ? await decodeMessage(topic, entry) : entry
}

/** The value of a message that was read from a topic by its name, as {@link TypedTopics.subscribe} gives it. */
export async function decodeMessage<Out>(
  { name, codec }: Topic<never, Out>,
  message: ReceivedMessage,
): Promise<TypedMessage<Out>> {
  try {
    const value = await asTopicError(`message ${message.id} on ${name} cannot be read`, () => {
      if (message.contentType === codec.contentType) return codec.decode(message.body)
      throw new MeshError('ERR_TOPIC_VALUE', `it carries ${message.contentType}, not ${codec.contentType}`)
    })
    return { kind: 'message', ok: true, value, message }
  } catch (error) {
    return { kind: 'message', ok: false, error: error as MeshError, message }
  }
}

/** Whatever a codec throws becomes a MeshError that names the topic. */
async function asTopicError<T>(what: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MeshError('ERR_TOPIC_VALUE', `${what}: ${why}`, { cause })
  }
}
