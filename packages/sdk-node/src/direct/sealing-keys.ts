import {
  generateSealingKey,
  MAX_DIRECT_LIFETIME_MS,
  type SealingKeyPair,
  sealingKeyId,
} from '@pastel-mesh/protocol'
import type { Values } from '@pastel-mesh/storage'
import { CLOCK_SKEW_MS } from '../connection/own-certificate.ts'

export interface SealingKeysComponents {
  readonly values: Values
}

/** Names of the values that hold sealing keys begin so. */
const PREFIX = 'sealing-key/'

/** A key is in certificates for so long; then a new one takes its place. */
const ROTATE_AFTER_MS = 7 * 24 * 60 * 60_000
/** What certificates say is remembered to the day, so that not every renewal is a write. */
const ROUND_MS = 24 * 60 * 60_000

const VERSION = 1
const KEY_BYTES = 32
const VALUE_BYTES = 1 + 2 * KEY_BYTES + 2 * 8

interface KeptKey extends SealingKeyPair {
  readonly id: string
  readonly createdAtMs: number
  /** No certificate that names it is good for longer. */
  readonly certifiedUntilMs: number
}

/**
 * The keys to which others seal what they send to this node: the newest is in its certificate, the older ones open
 * what was sealed before. A key is destroyed when nothing that was sealed to it can be on its way any more: after the
 * last certificate that names it, and the longest life of a message.
 *
 * ```
 *   made, on disk ──▶ in the certificate ── 7 days ──▶ old ── certificate's end + 30 days + skew ──▶ destroyed
 * ```
 */
export class SealingKeys {
  readonly #values: Values
  /** The newest is at the end. */
  #keys: KeptKey[] = []

  constructor({ values }: SealingKeysComponents) {
    this.#values = values
  }

  /** The key for the certificate, 32 bytes; empty before the first {@link prepare}. */
  get publicKey(): Uint8Array {
    return this.#keys.at(-1)?.publicKey ?? new Uint8Array(0)
  }

  keyOf(id: string): SealingKeyPair | undefined {
    return this.#keys.find((key) => key.id === id)
  }

  /** Reads what was kept. @throws StorageError */
  async start(): Promise<void> {
    const keys: KeptKey[] = []
    for await (const [, value] of this.#values.read(PREFIX)) {
      const key = decode(value)
      if (key !== undefined) keys.push(key)
    }
    this.#keys = keys.sort((a, b) => a.createdAtMs - b.createdAtMs)
  }

  /**
   * Before a certificate is made that is good until a time: there is a key for it, on disk, with that time. A disk
   * that is full takes none: then the key that is there goes on, or the certificate has none.
   */
  async prepare(notAfterMs: number, nowMs = Date.now()): Promise<void> {
    const newest = this.#keys.at(-1)
    const isDue = newest === undefined || nowMs - newest.createdAtMs >= ROTATE_AFTER_MS
    const until = Math.ceil(notAfterMs / ROUND_MS) * ROUND_MS
    if (isDue) await this.#add(await generateSealingKey(), nowMs, until)
    else if (newest.certifiedUntilMs < until) await this.#put({ ...newest, certifiedUntilMs: until })
    await this.#destroyOld(nowMs)
  }

  async #add(pair: SealingKeyPair, nowMs: number, certifiedUntilMs: number): Promise<void> {
    await this.#put({ ...pair, id: sealingKeyId(pair.publicKey), createdAtMs: nowMs, certifiedUntilMs })
  }

  async #put(key: KeptKey): Promise<void> {
    await this.#values.write([{ name: PREFIX + key.id, value: encode(key) }])
    this.#keys = [...this.#keys.filter(({ id }) => id !== key.id), key]
  }

  async #destroyOld(nowMs: number): Promise<void> {
    const isOver = ({ certifiedUntilMs }: KeptKey) =>
      certifiedUntilMs + MAX_DIRECT_LIFETIME_MS + CLOCK_SKEW_MS < nowMs
    const over = this.#keys.slice(0, -1).filter(isOver)
    if (over.length === 0) return
    await this.#values.write(over.map(({ id }) => ({ name: PREFIX + id })))
    this.#keys = this.#keys.filter((key) => !over.includes(key))
    for (const { privateKey } of over) privateKey.fill(0)
  }
}

function encode({ publicKey, privateKey, createdAtMs, certifiedUntilMs }: KeptKey): Uint8Array {
  const value = Buffer.alloc(VALUE_BYTES)
  value[0] = VERSION
  value.set(publicKey, 1)
  value.set(privateKey, 1 + KEY_BYTES)
  value.writeDoubleBE(createdAtMs, 1 + 2 * KEY_BYTES)
  value.writeDoubleBE(certifiedUntilMs, 1 + 2 * KEY_BYTES + 8)
  return value
}

/** A value that is damaged, or of a later version, is no key. */
function decode(value: Buffer): KeptKey | undefined {
  if (value.length !== VALUE_BYTES || value[0] !== VERSION) return undefined
  const publicKey = new Uint8Array(value.subarray(1, 1 + KEY_BYTES))
  return {
    publicKey,
    privateKey: new Uint8Array(value.subarray(1 + KEY_BYTES, 1 + 2 * KEY_BYTES)),
    id: sealingKeyId(publicKey),
    createdAtMs: value.readDoubleBE(1 + 2 * KEY_BYTES),
    certifiedUntilMs: value.readDoubleBE(1 + 2 * KEY_BYTES + 8),
  }
}
