/** Something that failed, and nobody waited for it. */
export interface PluginFailure {
  readonly message: string
  /** In ms since 1970. */
  readonly atMs: number
}

/** How it stands with what a plugin does by the clock. */
export interface BackgroundStatus {
  readonly name: string
  /** `every 5s`, or `cron 0 3 * * *`. */
  readonly timing: string
  /** Runs that ended, those that failed among them, since the start of the process. */
  readonly runs: number
  readonly failures: number
  /** Times at which it was to run and the run before had not ended. */
  readonly skipped: number
  /** How long all runs together took, in ms. */
  readonly runMs: number
  readonly isRunning: boolean
  /** When the last run began, in ms since 1970; absent: there was none. */
  readonly lastAtMs?: number
  /** When the next begins; absent: none does, or the node stops. */
  readonly nextAtMs?: number
  readonly lastFailure?: PluginFailure
}

/** What a plugin adds to a node, and how it does. */
export interface PluginStatus {
  readonly name: string
  /** The package or the file that it comes from; absent: the program that the node is part of gave it. */
  readonly source?: string
  /** With their whole names, such as `ext.greeter.hello`. */
  readonly procedures: readonly string[]
  /** Names of the jobs that it does, such as `greeter.greet`. */
  readonly jobs: readonly string[]
  /** Topics that it takes messages of, and `inbox`. */
  readonly messages: readonly string[]
  readonly background: readonly BackgroundStatus[]
  /** What it threw where nobody waited for it: its background tasks, its listeners and timers. */
  readonly failures: number
  readonly lastFailure?: PluginFailure
}
