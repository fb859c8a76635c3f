import { MeshError } from '@pastel-mesh/identity'

/** Later it may work. */
export class RateLimitError extends MeshError {
  readonly retryAfterMs: number

  constructor(message: string, retryAfterMs: number) {
    super('ERR_RATE_LIMIT', message)
    this.retryAfterMs = retryAfterMs
  }
}

/** @param what there is too much of */
export function tooMany(what: string, retryAfterMs: number): RateLimitError {
  const waitMs = Math.max(1, Math.ceil(retryAfterMs))
  return new RateLimitError(`too many ${what}: try again in ${Math.ceil(waitMs / 1000)} s`, waitMs)
}
