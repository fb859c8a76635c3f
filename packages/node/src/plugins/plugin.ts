import type { AddedJob, AddOptions, HandlerOptions, JobContext, Queue } from '@pastel-mesh/queue'
import type {
  CursorNotice,
  LostNotice,
  MeshNode,
  ReceivedMessage,
  StandardSchema,
  Topic,
} from '@pastel-mesh/sdk-node'
import type { AnyRouter, MetricDefinitions, MetricsOf } from '@pastel-mesh/sdk-server'
import type { MessageStore } from '@pastel-mesh/storage'

/** What a plugin works with. */
export interface PluginContext<Config = unknown, Metrics extends MetricDefinitions = MetricDefinitions> {
  /** Its name. */
  readonly name: string
  /** Its section of the configuration, `ext.<name>`, as its schema gives it. */
  readonly config: Config
  readonly metrics: MetricsOf<Metrics>
  readonly node: MeshNode
  readonly store: MessageStore
  /** The queue of the node; jobs of this plugin are named `<plugin>.<job>` there. */
  readonly queue: Queue
  /** Jobs of this plugin. */
  readonly jobs: PluginJobs
  readonly logger: PluginLogger
  /** Fires when the node stops, or does not start. In a job or a handler of messages it is that of the job. */
  readonly signal: AbortSignal
}

export interface PluginJobs {
  /**
   * Adds a job of this plugin, by its name in the plugin; resolves when it is on disk. Before its own start has ended the
   * data are not checked by the schema of the job.
   * @throws MeshError ERR_PLUGIN: it has no such job; and as `Queue.add`
   */
  add(name: string, data: unknown, options?: AddOptions): Promise<AddedJob>
}

/** Writes to the log of the node, with the plugin's name. */
export interface PluginLogger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** Does a job; what it returns is the job's result, and kept as JSON. */
interface JobMethod<Data, Context> {
  run(job: JobContext<Data>, context: Context): unknown
}
/** A method's type: so a handler without a schema may say itself what its data are. */
export type PluginJob<Data, Context> = JobMethod<Data, Context>['run']

/** A job with what the queue is to know of it. */
export interface PluginJobOptions<Data, Context> extends HandlerOptions<Data> {
  readonly run: PluginJob<Data, Context>
}

/** What is said of the taking of messages. */
export interface MessageHandlerOptions extends Omit<HandlerOptions, 'schema'> {
  /** Where the first start begins: with what is stored, or with what comes. Later starts go on. @default 'now' */
  readonly from?: 'start' | 'now'
  /** Messages at a time; with more than one their order is not kept. @default 1 */
  readonly concurrency?: number
  /** Told of messages that are not there, and of cursors: see `MeshNode.subscribe`. @default counted */
  readonly onNotice?: (notice: LostNotice | CursorNotice) => void
}

/**
 * Takes a message.
 * @param job the job that the message is: `jobMessages(context.node, job)` sends what answers it once, however often the
 * handler runs
 */
export type MessageHandler<Context> = (message: ReceivedMessage, context: Context, job: MessageJob) => unknown

/** The job that a message is, without its data, which are the message. */
export type MessageJob = Omit<JobContext, 'data'>

/** A message, with its value if its topic is declared. */
export type TopicMessage<Value> = ReceivedMessage & { readonly value: Value }

/** Takes the messages of a topic. */
export interface TopicHandlerOptions<Value, Context> extends MessageHandlerOptions {
  /** A declared topic: messages come with their values, and those that do not decode are counted and left out. */
  readonly topic?: Topic<never, Value>
  readonly run: (message: TopicMessage<Value>, context: Context, job: MessageJob) => unknown
}

/** Done again and again: every so often, or by the clock. Never twice at a time. */
export type BackgroundTask<Context> = {
  /**
   * What it throws is counted and shown, and it runs again when its time comes.
   * @param context its `signal` fires when the node stops
   */
  readonly run: (context: Context) => unknown
} & (
  | {
      /** From one start to the next, as text such as `5s`, or in ms: 100 ms at least. The first is after that time. */
      readonly every: string | number
    }
  | {
      /** A cron expression, of five fields or six with seconds first. */
      readonly cron: string
      /** Such as `Europe/Vienna`. @default UTC */
      readonly timeZone?: string
    }
)

export interface PluginDefinition<
  Name extends string,
  ConfigIn,
  Config,
  Metrics extends MetricDefinitions,
  Jobs extends Readonly<Record<string, unknown>>,
  Values extends Readonly<Record<string, unknown>>,
  Router extends AnyRouter,
> {
  /** A lower-case letter, then letters and digits, 32 at most. */
  readonly name: Name
  /** Checks its section of the configuration, `ext.<name>`; absent: it has none. Of any library of Standard Schema. */
  readonly config?: StandardSchema<ConfigIn, Config>
  /** Its metrics, by their names without `pmesh_ext_<plugin>_`. */
  readonly metrics?: Metrics
  /** Handlers of jobs, by their names; in the queue they are `<plugin>.<job>`. */
  readonly jobs?: {
    readonly [Job in keyof Jobs]:
      | PluginJob<Jobs[Job], PluginContext<Config, Metrics>>
      | PluginJobOptions<Jobs[Job], PluginContext<Config, Metrics>>
  }
  /**
   * Takes the messages of topics, which the node joins. Each message is a job: it is taken at least once, over crashes
   * and restarts, and again when the handler throws, by the rules of the queue.
   */
  readonly topics?: {
    readonly [Topic in keyof Values]:
      | MessageHandler<PluginContext<Config, Metrics>>
      | TopicHandlerOptions<Values[Topic], PluginContext<Config, Metrics>>
  }
  /** The same of the direct messages to this node. */
  readonly onMessage?:
    | MessageHandler<PluginContext<Config, Metrics>>
    | (MessageHandlerOptions & { readonly run: MessageHandler<PluginContext<Config, Metrics>> })
  /** What it does by the clock, by names. */
  readonly background?: Readonly<Record<string, BackgroundTask<PluginContext<Config, Metrics>>>>
  /** Procedures, which the API serves under `ext.<name>`; or what makes them of the context. */
  readonly router?: Router | ((context: PluginContext<Config, Metrics>) => Router)
  /** Before its jobs, messages, background tasks and procedures begin. If it throws, the node does not start. */
  readonly start?: (context: PluginContext<Config, Metrics>) => void | Promise<void>
  /** When they have ended. Also called if the start failed. */
  readonly stop?: (context: PluginContext<Config, Metrics>) => void | Promise<void>
}

/** A definition, whatever its types are. */
export type AnyDefinition = PluginDefinition<
  string,
  unknown,
  unknown,
  MetricDefinitions,
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>,
  AnyRouter
>

/** What `definePlugin` gives. */
export interface Plugin<Name extends string = string, Router extends AnyRouter = AnyRouter> {
  readonly name: Name
  /** Its router's type, for {@link RouterOf}; no value. */
  readonly '~router'?: Router
}
