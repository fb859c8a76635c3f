import { MeshError } from '@pastel-mesh/identity'
import type { MessageStore } from '@pastel-mesh/storage'
import { z } from 'zod'
import { Ending } from './ending.ts'
import type { Roles } from './roles.ts'
import { hashSecret, isSecret, newId, newSecret } from './secrets.ts'
import { StoredRecords } from './stored-records.ts'
import type { Subject } from './subject.ts'

/** Whoever does not come for that long logs in again. */
const REFRESH_VALID_MS = 30 * 24 * 60 * 60_000
/** Of one subject: each of its programs and browsers has one. With more, the one that was away for longest ends. */
const MAX_OF_SUBJECT = 32
/** In all, half a kilobyte each in memory and among the store's values, which are bounded as well. */
const MAX_SESSIONS = 1_024
const REFRESH_TOKEN = /^pmr_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{64})$/

const record = z.object({
  kind: z.enum(['pastelid', 'wallet']),
  subject: z.string(),
  createdAtMs: z.number(),
  refreshedAtMs: z.number(),
  expiresAtMs: z.number(),
  /** Of what is the same in all refresh tokens of the session: tells one that was used from one that was made up. */
  familyHash: z.string(),
  /** Of what is in the one that is good now. */
  secretHash: z.string(),
})
type SessionRecord = z.output<typeof record>

/** Somebody who has logged in, until it logs out. */
export interface OpenSession extends SessionRecord {
  readonly id: string
  /** Aborted when it ends, with ERR_TOKEN. */
  readonly ended: AbortSignal
}

/** A refresh token came twice: somebody has a copy. */
export class ReusedTokenError extends MeshError {
  readonly subject: string

  constructor(subject: string) {
    super('ERR_TOKEN', 'this refresh token was used already: the session has ended, log in')
    this.subject = subject
  }
}

/** A session with the refresh token that is good from now on: only here, only the hash is kept. */
export interface Granted {
  readonly session: OpenSession
  readonly refreshToken: string
}

export interface SessionsComponents {
  readonly store: MessageStore
  readonly roles: Roles
  readonly now: () => number
}

/**
 * The sessions of people, in memory as they are in the store's values: that one has ended counts at once, also for
 * access tokens that would still be good.
 *
 * Refresh tokens rotate: each is good for one use. One that comes again was stolen, either before or after its owner
 * used it, and nobody can tell who is who: the session ends.
 */
export class Sessions {
  readonly #records: StoredRecords<typeof record>
  readonly #roles: Roles
  readonly #now: () => number
  /** The one that was refreshed longest ago first. */
  readonly #open = new Map<string, { readonly session: OpenSession; readonly end: Ending }>()

  constructor({ store, roles, now }: SessionsComponents) {
    // Nobody makes room who cannot log in.
    this.#records = new StoredRecords('auth/session/', record, store, { mayUseReserve: true })
    this.#roles = roles
    this.#now = now
  }

  /** Reads those that go on; who is not listed any more has none. */
  async start(): Promise<void> {
    const kept = [...(await this.#records.read())].sort(([, a], [, b]) => a.refreshedAtMs - b.refreshedAtMs)
    const over = kept.filter(([, one]) => !this.#mayGoOn(one)).map(([id]) => [id, undefined] as const)
    for (const [id, one] of kept) if (this.#mayGoOn(one)) this.#keep(id, one)
    if (over.length > 0) await this.#records.write(new Map(over))
  }

  /** Undefined: it has ended, or never was. */
  find(id: string): OpenSession | undefined {
    const session = this.#open.get(id)?.session
    return session !== undefined && this.#mayGoOn(session) ? session : undefined
  }

  /** The newest first. */
  list(): OpenSession[] {
    const open = [...this.#open.values()].map(({ session }) => session)
    return open.filter((one) => this.#mayGoOn(one)).sort((a, b) => b.createdAtMs - a.createdAtMs)
  }

  /** @throws StorageError */
  async create({ kind, id: subject }: Subject): Promise<Granted> {
    const nowMs = this.#now()
    const id = newId()
    const family = newSecret()
    const secret = newSecret()
    const made: SessionRecord = {
      kind,
      subject,
      createdAtMs: nowMs,
      refreshedAtMs: nowMs,
      expiresAtMs: nowMs + REFRESH_VALID_MS,
      familyHash: hashSecret(family),
      secretHash: hashSecret(secret),
    }
    const over = this.#withoutRoom(subject)
    const session = this.#keep(id, made)
    for (const one of over) this.#drop(one, 'others were begun since')
    try {
      await this.#records.write(new Map([...over.map((one) => [one, undefined] as const), [id, made]]))
    } catch (error) {
      this.#drop(id, 'it could not be kept')
      throw error
    }
    return { session, refreshToken: `pmr_${id}_${family}_${secret}` }
  }

  /** The id of the session that a refresh token names; undefined: it has none, or one that is not there. */
  named(token: string): string | undefined {
    const [, id = ''] = REFRESH_TOKEN.exec(token) ?? []
    return this.#open.has(id) ? id : undefined
  }

  /** @throws MeshError ERR_TOKEN; ERR_NO_ACCESS: its subject has no role any more; StorageError */
  async refresh(token: string): Promise<Granted> {
    const [, id = '', family = '', secret = ''] = REFRESH_TOKEN.exec(token) ?? []
    const entry = this.#open.get(id)
    if (entry === undefined || !isSecret(family, entry.session.familyHash)) throw noSession()
    const { session: before } = entry
    if (!isSecret(secret, before.secretHash)) {
      await this.end(id, 'one of its refresh tokens was used twice')
      throw new ReusedTokenError(before.subject)
    }
    if (!this.#mayGoOn(before)) {
      await this.end(id, 'it is over')
      if (this.#roles.of({ id: before.subject }) !== undefined) throw noSession()
      throw new MeshError('ERR_NO_ACCESS', `${before.subject} may not log in to this node any more`)
    }
    // From here on the one that was shown is used, whoever else shows it.
    const next = newSecret()
    const nowMs = this.#now()
    const { id: _, ended: __, ...kept } = before
    const after: SessionRecord = {
      ...kept,
      refreshedAtMs: nowMs,
      expiresAtMs: nowMs + REFRESH_VALID_MS,
      secretHash: hashSecret(next),
    }
    const session = this.#keep(id, after, entry.end)
    try {
      await this.#records.write(new Map([[id, after]]))
    } catch (error) {
      // Nobody got the new one.
      if (this.#open.has(id)) this.#keep(id, kept, entry.end)
      throw error
    }
    return { session, refreshToken: `pmr_${id}_${family}_${next}` }
  }

  /**
   * Ends one, at once.
   * @returns whether there was one, or one that has ended and could not be removed
   * @throws StorageError: it has ended, but a restart would bring it back: end it again
   */
  async end(id: string, why: string): Promise<boolean> {
    if (!this.#drop(id, why) && !this.#records.isRemoving(id)) return false
    await this.#records.write(new Map([[id, undefined]]))
    return true
  }

  #keep(id: string, kept: SessionRecord, end = new Ending(this.#now)): OpenSession {
    const session = { ...kept, id, ended: end.signal }
    end.endAt(kept.expiresAtMs, 'this session has ended: nobody refreshed it')
    this.#open.delete(id)
    this.#open.set(id, { session, end })
    return session
  }

  #drop(id: string, why: string): boolean {
    const entry = this.#open.get(id)
    if (entry === undefined) return false
    this.#open.delete(id)
    entry.end.end(`this session has ended: ${why}`)
    return true
  }

  /** Those that are over, and those that have to end before there is one more. */
  #withoutRoom(subject: string): string[] {
    const all = [...this.#open.values()].map(({ session }) => session)
    const over = all.filter((one) => !this.#mayGoOn(one))
    const going = all.filter((one) => this.#mayGoOn(one))
    const own = going.filter((one) => one.subject === subject)
    const ofSubject = own.slice(0, Math.max(0, own.length + 1 - MAX_OF_SUBJECT))
    const others = going.filter((one) => !ofSubject.includes(one))
    const ofAll = others.slice(0, Math.max(0, others.length + 1 - MAX_SESSIONS))
    return [...over, ...ofSubject, ...ofAll].map(({ id }) => id)
  }

  #mayGoOn({ subject, expiresAtMs }: SessionRecord): boolean {
    return expiresAtMs > this.#now() && this.#roles.of({ id: subject }) !== undefined
  }
}

function noSession(): MeshError {
  return new MeshError('ERR_TOKEN', 'this refresh token belongs to no session that goes on: log in')
}
