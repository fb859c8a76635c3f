import type { PastelId } from '@pastel-mesh/identity'
import type { Refusal } from '@pastel-mesh/sdk-node'
import { Seldom } from '../seldom.ts'

export interface RefusalTallyOptions {
  /** @default 60000 */
  readonly windowMs?: number
}

export interface RefusalTallyComponents {
  readonly isMember: (pastelId: PastelId) => boolean
  readonly say: (refusal: Refusal) => void
  /** So many refusals of strangers were not said. */
  readonly sayMore: (count: number) => void
}

/** Refusals of strangers that are said in a minute: enough to see who wants to come in. */
const MAX_SAID = 10
const WINDOW_MS = 60_000

/**
 * Which refusals are said: each of a member once in ten minutes; of strangers some a minute, and then how many more
 * there were. For a stranger makes a new PeerId, and a new PastelID, each time that it comes.
 */
export class RefusalTally {
  readonly #windowMs: number
  readonly #components: RefusalTallyComponents
  readonly #members = new Seldom()
  /** Apart: whoever floods this one does not make the other forget. */
  readonly #strangers = new Seldom()
  #said = 0
  #more = 0
  #timer: NodeJS.Timeout | undefined

  constructor({ windowMs = WINDOW_MS }: RefusalTallyOptions, components: RefusalTallyComponents) {
    this.#windowMs = windowMs
    this.#components = components
  }

  add(refusal: Refusal): void {
    const { peerId, pastelId, by, reason } = refusal
    const { isMember, say } = this.#components
    if (pastelId !== undefined && isMember(pastelId)) {
      if (this.#members.isDue(`${pastelId} ${by} ${reason}`)) say(refusal)
      return
    }
    if (!this.#strangers.isDue(`${peerId} ${by} ${reason}`)) return
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs).unref()
    if (this.#said < MAX_SAID) {
      this.#said += 1
      say(refusal)
    } else {
      this.#more += 1
    }
  }

  /** Says now how many were not said. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const more = this.#more
    this.#said = 0
    this.#more = 0
    if (more > 0) this.#components.sayMore(more)
  }
}
