import { randomBytes } from 'node:crypto'
import type { Subject } from './subject.ts'

/** What somebody is to sign, to prove that it is who it says. */
export interface Challenge {
  readonly subject: Subject
  readonly nonce: string
  readonly text: string
  readonly expiresAtMs: number
}

/** A person with a wallet takes some clicks; a challenge that is older was forgotten. */
const VALID_MS = 5 * 60_000
/** 128 bits cannot be guessed. In hexadecimal: EIP-4361 has letters and digits only. */
const NONCE_BYTES = 16
/**
 * Of one address at a time: people behind one address log in at once. With more, the oldest of the address goes: a page
 * that tries without end pushes out its own.
 */
const MAX_OF_ADDRESS = 32
/** Of one site of IPv6, a /48, which has 65,536 of the networks that count as addresses: as those of so many. */
const ADDRESSES_OF_SITE = 8
/** In all, a kilobyte each: what no address can fill alone. */
const MAX_CHALLENGES = 8_192

/** The challenges that wait for a signature. In memory: after a restart one asks for another. */
export class Challenges {
  readonly #now: () => number
  /** The oldest first, which expires first. */
  readonly #waiting = new Map<string, Challenge & { readonly address: string }>()
  /** How many wait, by the address, and by the site. */
  readonly #counts = new Map<string, number>()

  readonly #maxOfAddress: number

  constructor(now: () => number, { maxOfAddress = MAX_OF_ADDRESS }: { readonly maxOfAddress?: number } = {}) {
    this.#now = now
    this.#maxOfAddress = maxOfAddress
  }

  /**
   * Makes one.
   * @param address from which it is asked for
   * @param write makes the text
   */
  issue(
    subject: Subject,
    address: string,
    write: (terms: { nonce: string; issuedAt: Date; expiresAt: Date }) => string,
  ): Challenge {
    const nowMs = this.#now()
    this.#removeExpired(nowMs)
    const nonce = randomBytes(NONCE_BYTES).toString('hex')
    const expiresAtMs = nowMs + VALID_MS
    const text = write({ nonce, issuedAt: new Date(nowMs), expiresAt: new Date(expiresAtMs) })
    const challenge = { subject, nonce, text, expiresAtMs, address }
    this.#waiting.set(nonce, challenge)
    for (const place of placesOf(address)) this.#counts.set(place, (this.#counts.get(place) ?? 0) + 1)
    this.#removeOver(address, this.#maxOfAddress)
    const site = siteOf(address)
    if (site !== undefined) this.#removeOver(site, ADDRESSES_OF_SITE * this.#maxOfAddress)
    if (this.#waiting.size > MAX_CHALLENGES) {
      const [oldest] = this.#waiting.values()
      if (oldest !== undefined) this.#remove(oldest)
    }
    return challenge
  }

  /** Takes one away, before its signature is looked at: it is good for one attempt. Undefined: there is none. */
  take(nonce: string): Challenge | undefined {
    const challenge = this.#waiting.get(nonce)
    if (challenge === undefined) return undefined
    this.#remove(challenge)
    return challenge.expiresAtMs > this.#now() ? challenge : undefined
  }

  #removeExpired(nowMs: number): void {
    for (const challenge of this.#waiting.values()) {
      if (challenge.expiresAtMs > nowMs) return
      this.#remove(challenge)
    }
  }

  #removeOver(place: string, max: number): void {
    if ((this.#counts.get(place) ?? 0) <= max) return
    const oldest = [...this.#waiting.values()].find(({ address }) => placesOf(address).includes(place))
    if (oldest !== undefined) this.#remove(oldest)
  }

  #remove({ nonce, address }: { readonly nonce: string; readonly address: string }): void {
    this.#waiting.delete(nonce)
    for (const place of placesOf(address)) {
      const left = (this.#counts.get(place) ?? 0) - 1
      if (left > 0) this.#counts.set(place, left)
      else this.#counts.delete(place)
    }
  }
}

function placesOf(address: string): string[] {
  const site = siteOf(address)
  return site === undefined ? [address] : [address, site]
}

/** Undefined: it is no network of IPv6. */
function siteOf(address: string): string | undefined {
  return /^((?:[0-9a-f]+:){3})[0-9a-f]+::\/64$/.exec(address)?.[1]
}
