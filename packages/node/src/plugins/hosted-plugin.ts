import { MeshError } from '@pastel-mesh/identity'
import type { HandlerOptions, JobContext, JobHandler, Queue } from '@pastel-mesh/queue'
import { decodeMessage, type MeshNode, type ReceivedMessage } from '@pastel-mesh/sdk-node'
import {
  type AnyRouter,
  type BackgroundStatus,
  checkRouter,
  metricPrefix,
  type PluginStatus,
  type Server,
} from '@pastel-mesh/sdk-server'
import type { MessageStore } from '@pastel-mesh/storage'
import type { MessageBindings } from '../jobs/message-bindings.ts'
import { Seldom } from '../seldom.ts'
import { within } from '../within.ts'
import { BackgroundTask } from './background-task.ts'
import type { DefinedPlugin } from './define-plugin.ts'
import { fromJobData, type MessageJobData, messageJobName, toJobData } from './message-job.ts'
import { messageOf, placeOf } from './message-of.ts'
import type {
  MessageHandlerOptions,
  PluginContext,
  PluginJobOptions,
  TopicHandlerOptions,
  TopicMessage,
} from './plugin.ts'
import { type PluginScope, placeThrown } from './plugin-scope.ts'

/** A plugin with its section of the configuration. */
export interface HostedPluginOptions {
  readonly plugin: DefinedPlugin
  /** As its schema gives it. */
  readonly config: unknown
  /** The package or the file that it comes from, as it is named. */
  readonly source?: string
}

/** A line that a plugin writes to the log. */
export interface PluginLogEntry {
  readonly plugin: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

export interface HostedPluginComponents {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly queue: Queue
  readonly bindings: Pick<MessageBindings, 'add'>
  readonly server: Pick<Server, 'addMetrics'>
  readonly scope: PluginScope
  readonly onLog: (entry: PluginLogEntry) => void
  /** Hears what it throws where nobody waits for it; of each place once in ten minutes. */
  readonly onFailure: (error: MeshError) => void
}

/** How long a plugin may take to start: whatever it waits for, the node waits with it. */
const MAX_START_MS = 30_000
/** How long its background tasks may take to end when their signal has fired; then they are left to themselves. */
const MAX_GRACE_MS = 5_000

/** Jobs, messages, background tasks and procedures of one plugin in a node. */
export class HostedPlugin {
  readonly name: string
  readonly source: string | undefined
  readonly #plugin: DefinedPlugin
  readonly #components: HostedPluginComponents
  readonly #context: PluginContext
  readonly #stopping = new AbortController()
  readonly #seldom = new Seldom()
  readonly #jobs: { readonly name: string; readonly handle: JobHandler; readonly options: HandlerOptions }[] =
    []
  readonly #messages: string[] = []
  readonly #background: BackgroundTask[]
  #router: AnyRouter | undefined
  #failures = 0
  #lastFailure: PluginStatus['lastFailure']

  /** @throws MeshError ERR_PLUGIN: says which part of it is wrong, and why */
  constructor({ plugin, config, source }: HostedPluginOptions, components: HostedPluginComponents) {
    this.name = plugin.name
    this.source = source
    this.#plugin = plugin
    this.#components = components
    try {
      this.#context = this.#makeContext(config)
      this.#addJobs()
      this.#addMessages()
      this.#background = this.#makeBackground()
      const { router } = plugin.definition
      this.#router =
        typeof router === 'function' && !('_def' in router)
          ? this.#run(() => (router as (context: PluginContext) => AnyRouter)(this.#context))
          : (router as AnyRouter | undefined)
      if (this.#router !== undefined) checkRouter(this.#router, `ext.${this.name}`)
    } catch (cause) {
      throw this.#cannotStart(cause)
    }
  }

  /** Topics that the node has to join for it. */
  static topicsOf({ definition: { topics = {} } }: DefinedPlugin): string[] {
    return Object.entries(topics).map(([key, handler]) => topicName(key, handler))
  }

  get router(): AnyRouter | undefined {
    return this.#router
  }

  /**
   * The queue has started before it, so that it can add jobs; its own begin when it has started.
   * @throws MeshError ERR_PLUGIN
   */
  async start(): Promise<void> {
    const { start } = this.#plugin.definition
    try {
      if (start !== undefined) {
        const starting = this.#run(async () => start(this.#context))
        await within(MAX_START_MS, Promise.race([starting, this.#untilStopping()]))
      }
      this.#stopping.signal.throwIfAborted()
      for (const { name, handle, options } of this.#jobs) {
        this.#components.queue.registerHandler(name, handle, options)
      }
    } catch (cause) {
      throw this.#cannotStart(cause)
    }
  }

  startBackground(): void {
    for (const task of this.#background) task.start()
  }

  /**
   * Its signal fires, and what it does by the clock ends.
   * @param timeoutMs of the whole stop: what comes behind has the rest
   * @throws MeshError ERR_PLUGIN: names what does not
   */
  async stopBackground(timeoutMs: number): Promise<void> {
    this.interrupt()
    const ended = Promise.all(this.#background.map((task) => task.stop()))
    try {
      await within(Math.min(MAX_GRACE_MS, timeoutMs / 4), ended)
    } catch (cause) {
      const names = this.#background.filter((task) => task.status().isRunning).map(({ name }) => name)
      throw new MeshError('ERR_PLUGIN', `${this.name}: ${names.join(', ')} ran on: ${messageOf(cause)}`, {
        cause,
      })
    }
  }

  /** @param timeoutMs its share of the stop @throws MeshError ERR_PLUGIN */
  async stop(timeoutMs: number): Promise<void> {
    const { stop } = this.#plugin.definition
    // Where the start failed its background was never begun.
    this.interrupt()
    if (stop === undefined) return
    try {
      await within(
        timeoutMs,
        this.#run(async () => stop(this.#context)),
      )
    } catch (cause) {
      throw new MeshError('ERR_PLUGIN', `the plugin ${this.name} did not stop: ${messageOf(cause)}`, {
        cause,
      })
    }
  }

  /** Its background tasks begin no more runs. */
  rest(): void {
    for (const task of this.#background) task.rest()
  }

  /** Its signal fires; a start that goes on is not waited for any more. */
  interrupt(): void {
    this.#stopping.abort(new MeshError('ERR_STOPPED', 'the node stops'))
  }

  /** Counts what it threw where nobody waited for it. */
  failed(what: string, error: unknown): void {
    const message = `${what}: ${messageOf(error)}`
    this.#failures += 1
    this.#lastFailure = { message, atMs: Date.now() }
    if (!this.#seldom.isDue(`${what} ${placeOf(error)}`)) return
    const place = placeThrown(error)
    const where = place === undefined ? '' : ` (${place})`
    this.#components.onFailure(
      new MeshError('ERR_PLUGIN', `the plugin ${this.name}, ${message}${where}`, { cause: error }),
    )
  }

  status(): PluginStatus {
    const procedures = Object.keys(this.#router?._def.procedures ?? {})
    return {
      name: this.name,
      ...(this.source === undefined ? {} : { source: this.source }),
      procedures: procedures.map((path) => `ext.${this.name}.${path}`),
      jobs: this.#jobs.map(({ name }) => name),
      messages: this.#messages,
      background: this.#background.map((task): BackgroundStatus => task.status()),
      failures: this.#failures,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
    }
  }

  #run<T>(act: () => T): T {
    return this.#components.scope.run(this.name, act)
  }

  #makeContext(config: unknown): PluginContext {
    const { node, store, queue, server, onLog } = this.#components
    const { metrics = {} } = this.#plugin.definition
    const write = (level: PluginLogEntry['level']) => (message: string, fields?: PluginLogEntry['fields']) =>
      onLog({ plugin: this.name, level, message, ...(fields === undefined ? {} : { fields }) })
    return {
      name: this.name,
      config,
      metrics: server.addMetrics(metricPrefix(this.name), metrics),
      node,
      store,
      queue,
      jobs: {
        add: async (name, data, options) => queue.add(`${this.name}.${this.#ownJob(name)}`, data, options),
      },
      logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
      signal: this.#stopping.signal,
    }
  }

  /** @throws MeshError ERR_PLUGIN: a job that nobody does would wait for ever */
  #ownJob(name: string): string {
    const { jobs = {} } = this.#plugin.definition
    if (Object.hasOwn(jobs, name)) return name
    const known = Object.keys(jobs).join(', ') || 'none'
    throw new MeshError('ERR_PLUGIN', `the plugin ${this.name} has no job ${name}; it has: ${known}`)
  }

  /** The context of a job, whose signal is the job's: when the node stops, a job that runs gets time to end. */
  #during(job: JobContext): PluginContext {
    return Object.create(this.#context, {
      signal: { enumerable: true, get: () => job.signal },
    }) as PluginContext
  }

  async #untilStopping(): Promise<never> {
    const { signal } = this.#stopping
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    throw signal.reason
  }

  #addJobs(): void {
    for (const [name, job] of Object.entries(this.#plugin.definition.jobs ?? {})) {
      const { run, ...options } =
        typeof job === 'function' ? { run: job } : (job as PluginJobOptions<unknown, PluginContext>)
      this.#addJob(`${this.name}.${name}`, options, (context) => run(context, this.#during(context)))
    }
  }

  #addJob(name: string, options: HandlerOptions, run: (job: JobContext) => unknown): void {
    this.#jobs.push({ name, options, handle: (job) => this.#run(() => run(job)) })
  }

  #addMessages(): void {
    const { topics = {}, onMessage } = this.#plugin.definition
    for (const [key, handler] of Object.entries(topics)) {
      const options = typeof handler === 'function' ? { run: handler } : handler
      this.#addSource(topicName(key, handler), options as TopicHandlerOptions<unknown, PluginContext>)
    }
    if (onMessage === undefined) return
    this.#addSource(undefined, typeof onMessage === 'function' ? { run: onMessage } : onMessage)
  }

  /** @param topicOrInbox undefined: the inbox */
  #addSource(
    topicOrInbox: string | undefined,
    handler: MessageHandlerOptions & {
      readonly topic?: TopicHandlerOptions<unknown, PluginContext>['topic']
      readonly run: TopicHandlerOptions<unknown, PluginContext>['run']
    },
  ): void {
    const { run, topic, from, onNotice, ...options } = handler
    const name = messageJobName(this.name, topicOrInbox)
    this.#addJob(name, { concurrency: 1, ...options }, async (job) => {
      const message = fromJobData(job.data as MessageJobData) as TopicMessage<unknown>
      if (topic === undefined) return nothing(await run(message, this.#during(job), job))
      const decoded = await decodeMessage(topic, message)
      // It did when the job was made; the schema is another one now.
      if (!decoded.ok) throw decoded.error
      return nothing(await run({ ...message, value: decoded.value }, this.#during(job), job))
    })
    const bindingOptions = {
      ...(from === undefined ? {} : { from }),
      ...(onNotice === undefined ? {} : { onNotice }),
    }
    const { bindings } = this.#components
    if (topicOrInbox === undefined) bindings.add('inbox', name, toJobData, bindingOptions)
    else if (topic === undefined) bindings.add({ topic: topicOrInbox }, name, toJobData, bindingOptions)
    else bindings.add(topic, name, (_: never, message: ReceivedMessage) => toJobData(message), bindingOptions)
    // A topic may have that name, too.
    this.#messages.push(topicOrInbox === 'inbox' ? 'topic/inbox' : (topicOrInbox ?? 'inbox'))
  }

  #makeBackground(): BackgroundTask[] {
    return Object.entries(this.#plugin.definition.background ?? {}).map(([name, task]) => {
      try {
        return new BackgroundTask(
          { name, timing: task },
          {
            run: () => this.#run(() => task.run(this.#context)),
            onFailure: (error) => this.failed(`background task ${name}`, error),
          },
        )
      } catch (cause) {
        throw new MeshError('ERR_PLUGIN', `background task ${name}: ${messageOf(cause)}`, { cause })
      }
    })
  }

  #cannotStart(cause: unknown): MeshError {
    const from = this.source === undefined ? '' : ` (${this.source})`
    return new MeshError(
      'ERR_PLUGIN',
      `the plugin ${this.name}${from} cannot be started: ${messageOf(cause)}`,
      {
        cause,
      },
    )
  }
}

/** The topic of a handler: the one that is declared, or the one that it is named by. */
function topicName(key: string, handler: unknown): string {
  return typeof handler === 'object' && handler !== null && 'topic' in handler
    ? ((handler as TopicHandlerOptions<unknown, unknown>).topic?.name ?? key)
    : key
}

/** What a handler of messages returns is for nobody. */
function nothing(_: unknown): undefined {
  return undefined
}
