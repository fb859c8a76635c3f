import type { BullEvents, BullServer } from './bull-server.ts'

export interface EventBusListeners {
  /** A job was cancelled somewhere. */
  readonly onCancelled: (id: string) => void
  /** A job has ended somewhere; without an id: any may have. */
  readonly onEnded: (id?: string) => void
  readonly onError: (error: unknown) => void
}

/** No queue of jobs: a name of one has no tilde. */
const STREAM = '~events'
/** What is older was missed, and is made up for by {@link LOOK_MS}. */
const MAX_EVENTS = 10_000
/** Ends of so many milliseconds go out together. */
const GATHER_MS = 5
/** A node that dies says nothing of what it ended last: whoever waits for it looks again so often. */
const LOOK_MS = 5_000

/** By this, the nodes that work one queue tell each other which jobs were cancelled and which have ended. */
export class EventBus {
  readonly #producer
  readonly #events: BullEvents
  readonly #listeners: EventBusListeners
  readonly #lookTimer: NodeJS.Timeout
  readonly #sending = new Set<Promise<void>>()
  #ended: string[] = []
  #gatherTimer: NodeJS.Timeout | undefined

  constructor(server: BullServer, listeners: EventBusListeners) {
    this.#listeners = listeners
    this.#producer = server.producer(STREAM)
    this.#events = server.events(STREAM)
    type Told = { readonly ids: string }
    const events = this.#events as unknown as {
      on(type: 'cancelled' | 'ended', listener: (told: Told) => void): void
    }
    events.on('cancelled', ({ ids }) => {
      for (const id of JSON.parse(ids) as string[]) listeners.onCancelled(id)
    })
    events.on('ended', ({ ids }) => {
      for (const id of JSON.parse(ids) as string[]) listeners.onEnded(id)
    })
    this.#lookTimer = setInterval(() => listeners.onEnded(), LOOK_MS).unref()
  }

  async start(): Promise<void> {
    await this.#events.waitUntilReady()
    await this.#producer.waitUntilReady()
  }

  cancelled(id: string): void {
    this.#send('cancelled', [id])
  }

  ended(id: string): void {
    this.#ended.push(id)
    this.#gatherTimer ??= setTimeout(() => this.#sendEnded(), GATHER_MS)
  }

  async stop(): Promise<void> {
    clearInterval(this.#lookTimer)
    this.#sendEnded()
    await Promise.all(this.#sending)
    await this.#events.close()
    await this.#producer.close()
  }

  #sendEnded(): void {
    clearTimeout(this.#gatherTimer)
    this.#gatherTimer = undefined
    if (this.#ended.length === 0) return
    const ids = this.#ended
    this.#ended = []
    this.#send('ended', ids)
  }

  #send(eventName: 'cancelled' | 'ended', ids: readonly string[]): void {
    const sending = this.#producer
      .publishEvent({ eventName, ids: JSON.stringify(ids) }, MAX_EVENTS)
      .catch(this.#listeners.onError)
      .finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }
}
