import type { Rate } from '@pastel-mesh/sdk-node'
import { Buckets } from './buckets.ts'
import { type Session, sessionName } from './session.ts'

/** Of one session: several times what a dashboard or an application needs, and a fraction of what the node does. */
export const DEFAULT_CALL_RATE: Rate = { perSecond: 1_000, burst: 4_000 }
/** Of one address without a session, which only logs in, or asks whether the server answers. */
const STRANGER_RATE: Rate = { perSecond: 10, burst: 100 }
/** Of WebSockets: beside a call, its end or a sign of life. */
const FRAMES_PER_CALL = 2

/** How much one may call: calls, not requests, for a batch of many is one request. */
export class CallLimits {
  readonly #sessions: Buckets
  readonly #strangers = new Buckets(STRANGER_RATE)
  readonly #refreshes = new Buckets(STRANGER_RATE)
  readonly #sessionFrames: Buckets
  readonly #strangerFrames = new Buckets(times(STRANGER_RATE, FRAMES_PER_CALL))

  constructor(rate: Rate = DEFAULT_CALL_RATE) {
    this.#sessions = new Buckets(rate)
    this.#sessionFrames = new Buckets(times(rate, FRAMES_PER_CALL))
  }

  /** Of sessions. */
  setRate(rate: Rate): void {
    this.#sessions.setRate(rate)
    this.#sessionFrames.setRate(times(rate, FRAMES_PER_CALL))
  }

  /**
   * One call.
   * @param refreshed id of the session that it refreshes, if it is there: those who do not have one, and share the
   * address, keep nobody from going on with theirs
   * @throws RateLimitError
   */
  take(session: Session | undefined, address: string, refreshed?: string): void {
    // The operator on the machine could end the node as well.
    if (session?.kind === 'socket') return
    if (refreshed !== undefined) this.#refreshes.take(refreshed, 'attempts to refresh this session')
    else if (session === undefined) this.#strangers.take(address, 'calls without a login')
    else this.#sessions.take(sessionName(session), 'calls')
  }

  /** Whatever came over a WebSocket, also what is no call. @throws RateLimitError */
  takeFrame(session: Session | undefined, address: string): void {
    if (session === undefined) this.#strangerFrames.take(address, 'messages without a login')
    else this.#sessionFrames.take(sessionName(session), 'messages')
  }
}

function times({ perSecond, burst }: Rate, factor: number): Rate {
  return { perSecond: perSecond * factor, burst: burst * factor }
}
