import { MeshError } from '@pastel-mesh/identity'
import type { MessageStore } from '@pastel-mesh/storage'
import { z } from 'zod'
import { Ending } from './ending.ts'
import { hashSecret, isSecret, newId, newSecret } from './secrets.ts'
import { SCOPES, type Scope } from './session.ts'
import { StoredRecords } from './stored-records.ts'

/** One an application; half a kilobyte each among the store's values. */
const MAX_KEYS = 256
const REVOKED = 'the service key was revoked'
const EXPIRED = 'the service key has expired'
const ROTATED = 'the service key is not good, or not any more: it was rotated'
const KEY = /^pmk_([0-9a-f]{16})_([0-9a-f]{64})$/

const record = z.object({
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAtMs: z.number(),
  expiresAtMs: z.number().optional(),
  hash: z.string(),
  /** The secret before, until the application has the new one. */
  before: z.object({ hash: z.string(), goodUntilMs: z.number() }).optional(),
})
type KeyRecord = z.output<typeof record>

/** What may be known of a service key. */
export interface ServiceKey {
  readonly id: string
  readonly name: string
  readonly scopes: Scope[]
  readonly createdAtMs: number
  readonly expiresAtMs?: number | undefined
  /** Until when the secret before the last rotation is good, if it is. */
  readonly oldGoodUntilMs?: number
  /** Since this node started. */
  readonly usedAtMs?: number
}

export interface NewServiceKey {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly expiresAtMs?: number
}

interface Entry {
  record: KeyRecord
  /** Of those who came with the secret, and of those with the one before: each hears no more when it is not good any more. */
  end: Ending
  endOfBefore: Ending
  usedAtMs?: number
}

/** The keys with which applications call, without anybody who logs in: hashes of them, in the store's values. */
export class ServiceKeys {
  readonly #records: StoredRecords<typeof record>
  readonly #now: () => number
  readonly #keys = new Map<string, Entry>()
  /** Rotations, one after the other: what is in memory is what is on disk. */
  #rotating: Promise<unknown> = Promise.resolve()

  constructor({ store, now }: { readonly store: MessageStore; readonly now: () => number }) {
    this.#records = new StoredRecords('auth/key/', record, store, { mayUseReserve: true })
    this.#now = now
  }

  async start(): Promise<void> {
    for (const [id, kept] of await this.#records.read()) {
      if (!this.#keys.has(id)) this.#keys.set(id, this.#entryOf(kept))
    }
  }

  /** The oldest first. */
  list(): ServiceKey[] {
    return [...this.#keys]
      .map(([id, entry]) => this.#shown(id, entry))
      .sort((a, b) => a.createdAtMs - b.createdAtMs)
  }

  /** @returns the only place where the secret is. @throws MeshError ERR_TOO_MANY_KEYS; StorageError */
  async create({ name, scopes, expiresAtMs }: NewServiceKey): Promise<{ key: ServiceKey; secret: string }> {
    if (this.#keys.size >= MAX_KEYS) {
      throw new MeshError('ERR_TOO_MANY_KEYS', `there are ${MAX_KEYS} service keys: revoke some first`)
    }
    const id = newId()
    const secret = newSecret()
    const made: KeyRecord = {
      name,
      scopes: [...new Set(scopes)],
      createdAtMs: this.#now(),
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      hash: hashSecret(secret),
    }
    const entry = this.#entryOf(made)
    this.#keys.set(id, entry)
    try {
      await this.#records.write(new Map([[id, made]]))
    } catch (error) {
      this.#keys.delete(id)
      throw error
    }
    return { key: this.#shown(id, entry), secret: `pmk_${id}_${secret}` }
  }

  /**
   * Gives a key another secret.
   * @param overlapMs the old one is good for that long; one that was replaced before is good no more
   * @throws MeshError ERR_KEY_UNKNOWN; StorageError
   */
  rotate(id: string, overlapMs: number): Promise<{ key: ServiceKey; secret: string }> {
    const rotated = this.#rotating.then(() => this.#rotate(id, overlapMs))
    this.#rotating = rotated.catch(() => {})
    return rotated
  }

  async #rotate(id: string, overlapMs: number): Promise<{ key: ServiceKey; secret: string }> {
    const entry = this.#get(id)
    const { before: _, ...kept } = entry.record
    const secret = newSecret()
    const rotated: KeyRecord = {
      ...kept,
      hash: hashSecret(secret),
      ...(overlapMs === 0 ? {} : { before: { hash: kept.hash, goodUntilMs: this.#now() + overlapMs } }),
    }
    await this.#records.write(new Map([[id, rotated]]))
    // One that was revoked meanwhile stays so.
    if (this.#keys.get(id) !== entry) throw unknownKey(id)
    entry.endOfBefore.end(ROTATED)
    entry.record = rotated
    entry.endOfBefore = entry.end
    entry.end = new Ending(this.#now)
    this.#setTimes(entry)
    return { key: this.#shown(id, entry), secret: `pmk_${id}_${secret}` }
  }

  /**
   * Takes it from whoever has it, at once.
   * @throws MeshError ERR_KEY_UNKNOWN; StorageError: nobody has it, but a restart would bring it back: revoke it again
   */
  async revoke(id: string): Promise<void> {
    const entry = this.#keys.get(id)
    if (entry === undefined && !this.#records.isRemoving(id)) throw unknownKey(id)
    this.#keys.delete(id)
    entry?.end.end(REVOKED)
    entry?.endOfBefore.end(REVOKED)
    await this.#records.write(new Map([[id, undefined]]))
  }

  /** @throws MeshError ERR_TOKEN */
  authenticate(text: string): { key: ServiceKey; ended: AbortSignal; isOver: () => boolean } {
    const [, id = '', secret = ''] = KEY.exec(text) ?? []
    const entry = this.#keys.get(id)
    if (entry === undefined)
      throw new MeshError('ERR_TOKEN', 'there is no such service key, or it was revoked')
    if (!this.#isGood(secret, entry.record)) {
      throw new MeshError('ERR_TOKEN', ROTATED)
    }
    if (this.#isOver(entry.record)) throw new MeshError('ERR_TOKEN', EXPIRED)
    entry.usedAtMs = this.#now()
    return {
      key: this.#shown(id, entry),
      ended: (isSecret(secret, entry.record.hash) ? entry.end : entry.endOfBefore).signal,
      // What was shown once is looked at again: a connection may live longer than the secret.
      isOver: () => {
        const kept = this.#keys.get(id)?.record
        return kept === undefined || this.#isOver(kept) || !this.#isGood(secret, kept)
      },
    }
  }

  #entryOf(record: KeyRecord): Entry {
    const entry = { record, end: new Ending(this.#now), endOfBefore: new Ending(this.#now) }
    this.#setTimes(entry)
    return entry
  }

  #setTimes({ record: { expiresAtMs = Number.POSITIVE_INFINITY, before }, end, endOfBefore }: Entry): void {
    const goodUntilMs = before?.goodUntilMs ?? 0
    end.endAt(expiresAtMs, EXPIRED)
    if (goodUntilMs < expiresAtMs) endOfBefore.endAt(goodUntilMs, ROTATED)
    else endOfBefore.endAt(expiresAtMs, EXPIRED)
  }

  #isGood(secret: string, { hash, before }: KeyRecord): boolean {
    const isCurrent = isSecret(secret, hash)
    const isBefore = before !== undefined && isSecret(secret, before.hash)
    return isCurrent || (isBefore && (before?.goodUntilMs ?? 0) > this.#now())
  }

  #isOver({ expiresAtMs }: KeyRecord): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= this.#now()
  }

  #get(id: string): Entry {
    const entry = this.#keys.get(id)
    if (entry === undefined) throw unknownKey(id)
    return entry
  }

  #shown(id: string, { record: { hash: _, before, ...kept }, usedAtMs }: Entry): ServiceKey {
    const isBeforeGood = before !== undefined && before.goodUntilMs > this.#now()
    return {
      id,
      ...kept,
      ...(isBeforeGood ? { oldGoodUntilMs: before.goodUntilMs } : {}),
      ...(usedAtMs === undefined ? {} : { usedAtMs }),
    }
  }
}

function unknownKey(id: string): MeshError {
  return new MeshError('ERR_KEY_UNKNOWN', `there is no service key ${id}`)
}
