import { MeshError, type PastelId } from '@pastel-mesh/identity'

/** For which it is remembered what strangers had this node send on. */
const PERIOD_MS = 60 * 60_000
/** In that time; clients post to the keepers themselves, so that little goes another way. */
const MAX_FROM = 50
const MAX_PAIR = 20
const MAX_ALL = 500

interface Forwarded {
  readonly from: PastelId
  readonly to: PastelId
  readonly atMs: number
}

/** How much users may have a node send to others, which keep it: anybody can make itself a PastelID. */
export class ForwardedMessages {
  /** The oldest first. */
  readonly #forwarded = new Set<Forwarded>()

  /** Counts one. @returns takes it back, if it was not sent @throws MeshError ERR_USER_MESSAGES_FULL */
  take(from: PastelId, to: PastelId, atMs: number): () => void {
    for (const one of this.#forwarded) {
      if (atMs - one.atMs < PERIOD_MS) break
      this.#forwarded.delete(one)
    }
    if (this.#forwarded.size >= MAX_ALL) throw full(`${MAX_ALL} messages`)
    const ofAuthor = [...this.#forwarded].filter((one) => one.from === from)
    if (ofAuthor.length >= MAX_FROM) throw full(`${MAX_FROM} messages of the sender`)
    if (ofAuthor.filter((one) => one.to === to).length >= MAX_PAIR)
      throw full(`${MAX_PAIR} messages of the sender to this recipient`)
    const taken = { from, to, atMs }
    this.#forwarded.add(taken)
    return () => this.#forwarded.delete(taken)
  }
}

function full(what: string): MeshError {
  return new MeshError(
    'ERR_USER_MESSAGES_FULL',
    `${what} went on from here to other supernodes within an hour: give it to those closest to the recipient, or try again later`,
  )
}
