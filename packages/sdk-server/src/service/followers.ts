import { MeshError } from '@pastel-mesh/identity'

/** Below the connections that a server takes: those who follow must not keep everybody else out. */
const MAX_FOLLOWERS = 32

/** Those who follow what is stored: so many and no more, and they are told when the server stops. */
export class Followers {
  #count = 0
  #stop = new AbortController()

  /** Ends what they wait for. */
  get stopping(): AbortSignal {
    return this.#stop.signal
  }

  /**
   * One more.
   * @returns to be called when it has ended
   * @throws MeshError ERR_TOO_MANY_FOLLOWERS
   */
  enter(): () => void {
    if (this.#count >= MAX_FOLLOWERS) {
      throw new MeshError(
        'ERR_TOO_MANY_FOLLOWERS',
        `${MAX_FOLLOWERS} follow this node's messages already, and no more may: end one of them, or read pages`,
      )
    }
    this.#count += 1
    return () => {
      this.#count -= 1
    }
  }

  start(): void {
    if (this.#stop.signal.aborted) this.#stop = new AbortController()
  }

  stop(): void {
    this.#stop.abort(new MeshError('ERR_STOPPED', 'this node stops'))
  }
}
