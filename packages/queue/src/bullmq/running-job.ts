import type { DriverHost, LeasedJob } from '../driver.ts'
import { lostJob } from '../errors.ts'
import type { JobLogLine, JsonValue } from '../job.ts'
import type { BullJob } from './bull-server.ts'
import { type Envelope, stallsOf, toId } from './envelope.ts'

/** How the run of a job has ended, for when Bull has written it. */
export type Ending = 'done' | 'failed' | 'dropped'

/** A job that runs here. What is written of it is written one after the other: servers have several connections. */
export class RunningJob {
  readonly bull: BullJob
  readonly name: string
  readonly id: string
  readonly token: string
  readonly #lockMs: number
  readonly #host: DriverHost
  isCancelled = false
  /** Ends its wait for a slot. */
  stopWaiting: () => void = () => {}
  #writing: Promise<unknown> = Promise.resolve()

  constructor(name: string, bull: BullJob, token: string, lockMs: number, host: DriverHost) {
    this.bull = bull
    this.name = name
    this.id = toId(name, bull.id ?? '')
    this.token = token
    this.#lockMs = lockMs
    this.#host = host
  }

  leased(): LeasedJob {
    const { data, timeoutMs, expiresAtMs, retry, failures = 0, steps = {} } = this.bull.data
    return {
      id: this.id,
      name: this.name,
      data,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      ...(retry === undefined ? {} : { retry }),
      failures,
      stalls: stallsOf(this.bull),
      steps,
      keepStep: (name, value) => this.change(({ steps }) => ({ steps: { ...steps, [name]: value } })),
      log: (line) => this.#log(line),
      progress: (value) => this.#progress(value),
    }
  }

  /**
   * Resolves when the server has it. All of the envelope is written, which Bull does for whoever asks: another node that
   * has the job by now may have written more.
   * @throws QueueError ERR_JOB_LOST
   */
  change(changes: (envelope: Envelope) => Partial<Envelope>): Promise<void> {
    return this.#write(async () => {
      await this.hold()
      const before = this.bull.data
      try {
        await this.bull.updateData({ ...before, ...changes(before) })
      } catch (error) {
        // Bull has it there already.
        this.bull.data = before
        throw error
      }
    })
  }

  /**
   * Holds the job for as long again as a lock lasts.
   * @throws QueueError ERR_JOB_LOST
   */
  async hold(): Promise<void> {
    if ((await this.bull.extendLock(this.token, this.#lockMs)) !== 1) throw lostJob(this.id)
  }

  /** Resolves when all that was said is written, or has failed to be. */
  async written(): Promise<void> {
    await this.#writing
  }

  #log(line: JobLogLine): void {
    this.#write(() => this.bull.log(JSON.stringify(line))).catch(this.#host.onError)
  }

  #progress(value: JsonValue): void {
    // Bull takes 0 for none.
    this.#write(() => this.bull.updateProgress({ value })).catch(this.#host.onError)
    this.#host.onEvent({ type: 'progress', id: this.id, name: this.name, progress: value })
  }

  #write<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#writing.then(write)
    this.#writing = written.catch(() => {})
    return written
  }
}
