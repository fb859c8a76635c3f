import { MeshError, type PastelId } from '@pastel-mesh/identity'
import type { MessageInput } from '@pastel-mesh/protocol'
import type { JobContext } from '@pastel-mesh/queue'
import type { Accepted, MeshNode, SendOptions, Sent } from '@pastel-mesh/sdk-node'

/** Groups of the keys of what jobs send: `job:<id>`. */
export const JOB_GROUP = 'job:'

/** So that no name is a number, and a key is not too long. */
const NAME = /^[A-Za-z][A-Za-z0-9._-]{0,47}$/

export interface JobSendOptions extends Pick<SendOptions, 'signal'> {
  /**
   * The message's name in the job, instead of its number: where the order of the job's messages is not the same in every
   * attempt. A letter, then letters, digits, dots, hyphens, underscores; 48 characters at most.
   * @default its number: the first message of the attempt is 1
   */
  readonly once?: string
}

/** Sends the messages of one attempt at a job, each once however often the job runs; fits `typedTopics`. */
export interface JobMessages extends Pick<MeshNode, 'subscribe' | 'messages'> {
  /** @throws as `MeshNode.publish`; the job's signal's reason */
  publish(topic: string, message: MessageInput, options?: JobSendOptions): Promise<Accepted>
  /** @throws as `MeshNode.send`; the job's signal's reason */
  send(to: PastelId, message: MessageInput, options?: JobSendOptions): Promise<Sent>
  send(to: readonly PastelId[], message: MessageInput, options?: JobSendOptions): Promise<Sent[]>
}

/**
 * What a job sends by this is sent once, however often the job runs: each message is stored with a key in one commit, made
 * of the job's id and the number of the message in the job, and a message whose key is there is not stored again. So a
 * job has to send the same messages in the same order whenever it runs: what is not the same each time (a time, an answer
 * of somebody else) belongs in a step of the job. A message that differs from that of an earlier attempt is refused with
 * ERR_ONCE_DIFFERS.
 *
 * Call it once in an attempt: it counts. The keys go soon after the job is done, or when it is removed.
 *
 * @example
 * controller.queue.registerHandler('answer', async (job) => {
 *   const messages = jobMessages(controller.node, job)
 *   await messages.publish('answers', { json: { to: job.data.question } })
 *   await messages.send(job.data.sender, { text: 'done' })
 * })
 */
export function jobMessages(node: MeshNode, { id, signal }: Pick<JobContext, 'id' | 'signal'>): JobMessages {
  let count = 0
  const optionsOf = (options: JobSendOptions) => {
    return {
      once: `${JOB_GROUP}${id}/${nameOf(options.once, () => ++count)}`,
      // Whoever was told to end sends nothing more: another attempt may be running, or the job may be over.
      signal: options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]),
    }
  }
  return {
    async publish(topic, message, options = {}) {
      const sending = optionsOf(options)
      return node.publish(topic, message, sending).catch((error) => explain(error, sending.once, id))
    },
    send: (async (
      to: PastelId & readonly PastelId[],
      message: MessageInput,
      options: JobSendOptions = {},
    ) => {
      const sending = optionsOf(options)
      return node.send(to, message, sending).catch((error) => explain(error, sending.once, id))
    }) as JobMessages['send'],
    subscribe: (topic, options) => node.subscribe(topic, options),
    messages: (options) => node.messages(options),
  }
}

function nameOf(name: string | undefined, next: () => number): string {
  if (name === undefined) return String(next())
  if (NAME.test(name)) return name
  throw new MeshError(
    'ERR_ONCE_KEY',
    `"${name.slice(0, 80)}" is no name of a message in a job: give a letter, then letters, digits, dots, hyphens, underscores, 48 characters at most`,
  )
}

function explain(error: unknown, key: string, job: string): never {
  if (!(error instanceof MeshError) || error.code !== 'ERR_ONCE_DIFFERS') throw error
  const name = key.slice(key.lastIndexOf('/') + 1)
  throw new MeshError(
    error.code,
    `job ${job} sent another message as its ${/^\d/.test(name) ? `number ${name}` : `"${name}"`} before, and nothing was sent now: a job sends the same messages in the same order in every attempt; keep what is not the same each time in a step, or give its messages names with "once"`,
    { cause: error },
  )
}
