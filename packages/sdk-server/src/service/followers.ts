import { MeshError } from '@pastel-mesh/identity'
import { type Session, sessionName } from '../auth/session.ts'
import { Places } from '../places.ts'

/** Half of the connections that a server takes: those who follow must not keep everybody else out. */
const DEFAULT_MAX = 1_000
/** So that nobody takes the places of all others. */
const DEFAULT_MAX_OF_SESSION = 16
/** Half of the connections of the Unix socket. Beside all others, so that the operator on the machine can always look. */
const MAX_OF_SOCKET = 32

export interface FollowersOptions {
  /** In all, those on the Unix socket aside. @default 1000 */
  readonly max?: number
  /** Of one session, or service key. @default 16 */
  readonly maxOfSession?: number
}

/** Those who follow what is stored: so many and no more, and they are told when the server stops. */
export class Followers {
  readonly #max: number
  readonly #maxOfSession: number
  readonly #all: Places
  readonly #sessions: Places
  readonly #socket = new Places(MAX_OF_SOCKET)
  #stop = new AbortController()

  constructor({ max = DEFAULT_MAX, maxOfSession = DEFAULT_MAX_OF_SESSION }: FollowersOptions = {}) {
    this.#max = max
    this.#maxOfSession = maxOfSession
    this.#all = new Places(max)
    this.#sessions = new Places(maxOfSession)
  }

  /** How many follow now, on the Unix socket as well. */
  get count(): number {
    return this.#all.count('') + this.#socket.count('')
  }

  /** Ends what they wait for. */
  get stopping(): AbortSignal {
    return this.#stop.signal
  }

  /**
   * One more.
   * @returns to be called when it has ended
   * @throws MeshError ERR_TOO_MANY_FOLLOWERS
   */
  enter(session: Session): () => void {
    if (session.kind === 'socket') {
      return this.#socket.take('') ?? tooMany(`${MAX_OF_SOCKET} follow on the Unix socket already`)
    }
    const leaveSession = this.#sessions.take(sessionName(session))
    if (leaveSession === undefined) return tooMany(`this session follows ${this.#maxOfSession} times already`)
    const leaveAll = this.#all.take('')
    if (leaveAll === undefined) {
      leaveSession()
      return tooMany(`${this.#max} follow this node's messages already`)
    }
    return () => {
      leaveSession()
      leaveAll()
    }
  }

  start(): void {
    if (this.#stop.signal.aborted) this.#stop = new AbortController()
  }

  stop(): void {
    this.#stop.abort(new MeshError('ERR_STOPPED', 'this node stops'))
  }
}

function tooMany(reason: string): never {
  throw new MeshError('ERR_TOO_MANY_FOLLOWERS', `${reason}, and no more may: end one of them, or read pages`)
}
