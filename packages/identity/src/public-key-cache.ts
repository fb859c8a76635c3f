import type { KeyObject } from 'node:crypto'

export interface PublicKeyCacheOptions {
  /** How many keys are kept at most; the one that was used longest ago goes first. */
  readonly maxKeys: number
}

export interface PublicKeyCacheComponents {
  /** Makes the KeyObject of a raw public key; what it throws passes through and is not cached. */
  readonly importKey: (publicKey: Uint8Array) => KeyObject
}

/** Raw public key → KeyObject, least recently used first out. */
export class PublicKeyCache {
  readonly #maxKeys: number
  readonly #importKey: (publicKey: Uint8Array) => KeyObject
  /** In order of last use, oldest first: a Map iterates in the order of insertion. */
  readonly #keys = new Map<string, KeyObject>()

  constructor(options: PublicKeyCacheOptions, components: PublicKeyCacheComponents) {
    this.#maxKeys = options.maxKeys
    this.#importKey = components.importKey
  }

  get size(): number {
    return this.#keys.size
  }

  get(publicKey: Uint8Array): KeyObject {
    // latin1 is one character a byte, both ways: the cheapest exact text for a Map key.
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1')
    const known = this.#keys.get(name)
    if (known !== undefined) {
      this.#keys.delete(name)
      this.#keys.set(name, known)
      return known
    }
    const key = this.#importKey(publicKey)
    this.#keys.set(name, key)
    if (this.#keys.size > this.#maxKeys) {
      const oldest = this.#keys.keys().next()
      if (oldest.done !== true) this.#keys.delete(oldest.value)
    }
    return key
  }
}
