import { toJson } from './add-options.ts'
import type { Clock } from './clock.ts'
import type { LeasedJob } from './driver.ts'
import { QueueError } from './errors.ts'
import type { JobContext, JsonValue } from './job.ts'

const MAX_LOG_LENGTH = 1_000
const MAX_PROGRESS_BYTES = 4 * 1024
const MAX_STEP_BYTES = 64 * 1024
const MAX_STEPS = 100
const MAX_STEP_NAME_LENGTH = 100

export interface AttemptContextComponents {
  readonly clock: Clock
  /** The signal of the attempt, made when it is first asked for. */
  readonly signal: () => AbortSignal
}

/**
 * What a handler gets. A class, with getters for all that few handlers ask for: an object literal with a getter has a
 * shape of its own each time, and functions that nobody calls are garbage, tens of thousands of times a second.
 * Handlers take what they get apart, so that no function may need its `this`.
 */
export class AttemptContext implements JobContext {
  readonly id: string
  readonly name: string
  readonly data: unknown
  readonly attempt: number
  readonly #job: LeasedJob
  readonly #components: AttemptContextComponents
  #steps: { readonly kept: Map<string, JsonValue>; readonly running: Set<string> } | undefined

  constructor(job: LeasedJob, components: AttemptContextComponents) {
    this.id = job.id
    this.name = job.name
    this.data = JSON.parse(job.data)
    this.attempt = job.failures + job.stalls + 1
    this.#job = job
    this.#components = components
  }

  get signal(): AbortSignal {
    return this.#components.signal()
  }

  get log(): JobContext['log'] {
    return (text) => {
      const atMs = this.#components.clock.now()
      this.#job.log({ atMs, text: String(text).slice(0, MAX_LOG_LENGTH) })
    }
  }

  get progress(): JobContext['progress'] {
    return (value) => this.#job.progress(JSON.parse(toJson(value, 'progress', MAX_PROGRESS_BYTES)))
  }

  get step(): JobContext['step'] {
    return (name, run) => this.#step(name, run)
  }

  async #step<T extends JsonValue | undefined>(name: string, run: () => Promise<T> | T): Promise<T> {
    this.#steps ??= { kept: new Map(Object.entries(this.#job.steps)), running: new Set() }
    const { kept, running } = this.#steps
    if (kept.has(name)) return kept.get(name) as T
    checkStep(name, kept.size, running)
    this.signal.throwIfAborted()
    running.add(name)
    try {
      const value = JSON.parse(toJson(await run(), `step ${name}`, MAX_STEP_BYTES)) as JsonValue
      await this.#job.keepStep(name, value)
      kept.set(name, value)
      return value as T
    } finally {
      running.delete(name)
    }
  }
}

function checkStep(name: string, count: number, running: ReadonlySet<string>): void {
  if (typeof name !== 'string' || name === '' || name.length > MAX_STEP_NAME_LENGTH) {
    throw new QueueError('ERR_JOB_STEP', `a step's name has 1 to ${MAX_STEP_NAME_LENGTH} characters`)
  }
  if (running.has(name)) {
    throw new QueueError('ERR_JOB_STEP', `step ${name} is running already: give each step a name of its own`)
  }
  if (count >= MAX_STEPS) {
    throw new QueueError('ERR_JOB_STEP', `the job has ${MAX_STEPS} steps: make a job of each part of it`)
  }
}
