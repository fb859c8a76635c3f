import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { MessageStore } from '@pastel-mesh/storage'
import { z } from 'zod'
import { newId } from './secrets.ts'
import { StoredRecords } from './stored-records.ts'

/** A key that signs for longer does no harm; one that leaked at some time is of no use after that. */
const ROTATE_AFTER_MS = 30 * 24 * 60 * 60_000

const record = z.object({ createdAtMs: z.number(), pkcs8: z.base64() })

export interface SigningKey {
  readonly id: string
  readonly createdAtMs: number
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/**
 * The Ed25519 keys of access tokens, kept in the store's values: the newest signs, the one before it is still taken,
 * for longer than any token that it signed is good. Not the key of the PastelID, which may not even be here.
 */
export class SigningKeys {
  readonly #records: StoredRecords<typeof record>
  readonly #now: () => number
  /** The oldest first. */
  #keys: SigningKey[] = []
  #making: Promise<SigningKey> | undefined

  constructor({ store, now }: { readonly store: MessageStore; readonly now: () => number }) {
    this.#records = new StoredRecords('auth/signing/', record, store, { mayUseReserve: true })
    this.#now = now
  }

  async start(): Promise<void> {
    const kept = await this.#records.read()
    this.#keys = [...kept]
      .map(([id, { createdAtMs, pkcs8 }]) => readKey(id, createdAtMs, Buffer.from(pkcs8, 'base64')))
      .sort((a, b) => a.createdAtMs - b.createdAtMs)
  }

  /** The key that signs now, made if there is none or it is too old. */
  async current(): Promise<SigningKey> {
    const newest = this.#keys.at(-1)
    if (newest !== undefined && this.#now() - newest.createdAtMs < ROTATE_AFTER_MS) return newest
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  /** Undefined: it is none of this server's, or it signs no more. */
  find(id: string | undefined): SigningKey | undefined {
    return this.#keys.find((key) => key.id === id)
  }

  async #make(): Promise<SigningKey> {
    const { privateKey } = generateKeyPairSync('ed25519')
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
    const key = readKey(newId(), this.#now(), pkcs8)
    const gone = this.#keys.slice(0, -1)
    await this.#records.write(
      new Map([
        ...gone.map(({ id }) => [id, undefined] as const),
        [key.id, { createdAtMs: key.createdAtMs, pkcs8: pkcs8.toString('base64') }] as const,
      ]),
    )
    this.#keys = [...this.#keys.slice(-1), key]
    return key
  }
}

function readKey(id: string, createdAtMs: number, pkcs8: Buffer): SigningKey {
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  return { id, createdAtMs, privateKey, publicKey: createPublicKey(privateKey) }
}
