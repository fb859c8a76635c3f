import type { PeerId } from '@libp2p/interface'

export interface StrangersComponents {
  readonly forget: (peer: PeerId) => void
}

/** Peers that came and went without a certificate: what libp2p wrote down of them is not to grow without end. */
export class Strangers {
  readonly #components: StrangersComponents
  /** Since the last time, and between that and the one before. */
  #left: PeerId[] = []
  #before: PeerId[] = []

  constructor(components: StrangersComponents) {
    this.#components = components
  }

  left(peer: PeerId): void {
    this.#left.push(peer)
  }

  /** Forgets those that are not connected. Not at once: libp2p may still be writing down what it heard of them. */
  forget(connected: readonly PeerId[]): void {
    const names = new Set(connected.map(String))
    for (const peer of this.#before) if (!names.has(String(peer))) this.#components.forget(peer)
    this.#before = this.#left
    this.#left = []
  }
}
