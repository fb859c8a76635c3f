import { QueueError } from '../errors.ts'
import { inTime, NoAnswer } from './in-time.ts'

/** Calls that were given up and that the client may still hold, after which others are refused at once. */
const MAX_LATE = 1_000

/**
 * What callers ask of a server that may be gone. Redis' client keeps what it could not send for when the server is back,
 * so that a restart of the server fails nothing; but a caller is told in time, and what is kept has a bound.
 */
export class Answers {
  readonly #timeoutMs: number
  #late = 0

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** @throws QueueError ERR_QUEUE_SERVER if there is no answer in time, or too many calls wait for theirs already */
  async of<T>(call: () => Promise<T>): Promise<T> {
    if (this.#late >= MAX_LATE) {
      throw new QueueError(
        'ERR_QUEUE_SERVER',
        `the queue's server has not answered ${this.#late} calls: it is asked no more until it does`,
      )
    }
    const answer = call()
    try {
      return await inTime(answer, this.#timeoutMs)
    } catch (cause) {
      if (!(cause instanceof NoAnswer)) throw cause
      this.#late += 1
      const answered = () => {
        this.#late -= 1
      }
      answer.then(answered, answered)
      throw new QueueError(
        'ERR_QUEUE_SERVER',
        `the queue's server: ${cause.message}; what was asked of it may still be done`,
        { cause },
      )
    }
  }
}
