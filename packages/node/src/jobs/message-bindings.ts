import { MeshError } from '@pastel-mesh/identity'
import { assertTopicName } from '@pastel-mesh/protocol'
import type { JobTypes } from '@pastel-mesh/queue'
import { decodeMessage, type ReceivedMessage, type Topic } from '@pastel-mesh/sdk-node'
import type { BindingStatus } from '@pastel-mesh/sdk-server'
import {
  type BindingParts,
  MessageBinding,
  type MessageBindingComponents,
  type MessageBindingOptions,
} from './message-binding.ts'
import { type MessageSource, sourceName } from './message-source.ts'

/** Says which job a message makes: its data, or undefined for none. What it throws is tried again, until it is right. */
export type MessageMap<Data> = (message: ReceivedMessage) => Data | undefined | Promise<Data | undefined>

/** The same for a declared topic, with the value of the message. */
export type TypedMessageMap<Value, Data> = (
  value: Value,
  message: ReceivedMessage,
) => Data | undefined | Promise<Data | undefined>

/** Makes jobs of messages; see `NodeController.onMessage`. */
export interface OnMessage<Jobs extends JobTypes> {
  <Name extends keyof Jobs & string, Out>(
    topic: Topic<never, Out>,
    jobName: Name,
    map: TypedMessageMap<Out, Jobs[Name]['data']>,
    options?: MessageBindingOptions,
  ): void
  <Name extends keyof Jobs & string>(
    source: 'inbox' | (string & {}),
    jobName: Name,
    map: MessageMap<Jobs[Name]['data']>,
    options?: MessageBindingOptions,
  ): void
}

/** The bindings of a node: started and stopped together. */
export class MessageBindings {
  readonly #components: MessageBindingComponents
  readonly #bindings = new Map<string, MessageBinding>()
  #isRunning = false

  constructor(components: MessageBindingComponents) {
    this.#components = components
  }

  /** @throws MeshError ERR_BINDING_EXISTS; ProtocolError ERR_TOPIC_NAME */
  add(
    source: MessageSource,
    jobName: string,
    map: MessageMap<unknown> | TypedMessageMap<never, unknown>,
    options: MessageBindingOptions = {},
  ): void {
    const name = sourceName(source)
    if (name !== 'inbox') assertTopicName(name.slice('topic/'.length))
    const key = `${name} ${jobName}`
    if (this.#bindings.has(key)) {
      throw new MeshError(
        'ERR_BINDING_EXISTS',
        `messages of ${name} make jobs ${jobName} already: give the other jobs a name of their own`,
      )
    }
    const toData: BindingParts['toData'] =
      typeof source === 'string' || 'topic' in source
        ? (map as MessageMap<unknown>)
        : async (message, standing) => {
            const typed = await decodeMessage(source, message)
            if (typed.ok) return (map as TypedMessageMap<unknown, unknown>)(typed.value, message)
            standing.unreadable(typed.error)
            return undefined
          }
    const binding = new MessageBinding({ ...options, source: name, jobName, toData }, this.#components)
    this.#bindings.set(key, binding)
    if (this.#isRunning) void binding.start()
  }

  async start(): Promise<void> {
    this.#isRunning = true
    for (const binding of this.#bindings.values()) await binding.start()
  }

  /** What is being added is added. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all([...this.#bindings.values()].map((binding) => binding.stop()))
  }

  /** Where each stands. @throws StorageError */
  status(): Promise<BindingStatus[]> {
    return Promise.all([...this.#bindings.values()].map((binding) => binding.status()))
  }
}
