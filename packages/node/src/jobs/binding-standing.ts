import { MeshError } from '@pastel-mesh/identity'
import type { CursorNotice, LostNotice, ReceivedEntry, ReceivedMessage } from '@pastel-mesh/sdk-node'
import type { BindingBlocked, BindingStatus } from '@pastel-mesh/sdk-server'
import { type MessageStore, parseCursor, StorageError } from '@pastel-mesh/storage'

interface Blocked {
  readonly code: string
  readonly message: string
  readonly messageId: string | undefined
  readonly sinceMs: number
  attempts: number
  toldAtMs: number
}

const MAX_BEHIND = 1_000
/** How often it is told again that a binding does not go on. */
const TELL_MS = 10 * 60_000

/** How a binding gets on, and what is told of it. */
export class BindingStanding {
  readonly #about: { readonly source: string; readonly job: string }
  readonly #store: Pick<MessageStore, 'end'>
  readonly #onError: (error: Error) => void
  #cursor = ''
  #position: number | undefined
  #jobs = 0
  #undecodable = 0
  #undecodableToldAtMs = Number.NEGATIVE_INFINITY
  #lost = 0
  #blocked: Blocked | undefined
  skipped = 0

  constructor(
    about: { readonly source: string; readonly job: string },
    components: { readonly store: Pick<MessageStore, 'end'>; readonly onError: (error: Error) => void },
  ) {
    this.#about = about
    this.#store = components.store
    this.#onError = components.onError
  }

  /** The bookmark. */
  get cursor(): string {
    return this.#cursor
  }

  get position(): number | undefined {
    return this.#position
  }

  /** The bookmark is there now. */
  at(cursor: string, jobs?: number): void {
    this.#cursor = cursor
    this.#position = cursor === 'start' ? 0 : parseCursor(cursor).position
    if (jobs === undefined) return
    this.#jobs += jobs
    this.#blocked = undefined
  }

  noticed(notice: LostNotice | CursorNotice): void {
    if (notice.kind === 'lost' || notice.kind === 'before-history') {
      this.#lost += 1
      return
    }
    const why =
      notice.kind === 'pruned'
        ? 'retention may have removed messages that made no jobs yet'
        : 'the place where it stood is not of this database: what is stored is read from the beginning'
    this.#tell('ERR_BINDING_CURSOR', why)
  }

  /** A message of a declared topic is not what the topic says. */
  unreadable(error: MeshError): void {
    this.#undecodable += 1
    // Whoever writes to the topic can write as many of these as it likes.
    if (Date.now() - this.#undecodableToldAtMs < TELL_MS) return
    this.#undecodableToldAtMs = Date.now()
    this.#tell('ERR_BINDING_UNDECODABLE', error.message, error)
  }

  /** The error of a message that makes no job, and keeps those behind it waiting. */
  stuckAt({ id }: ReceivedMessage, cause: unknown): StuckError {
    return new StuckError(id, `${this.#what} stands still at message ${id}: ${messageOf(cause)}`, cause)
  }

  /** It did not go on. @returns how often in a row */
  failed(error: unknown): number {
    const { code, message } = error as { code?: string; message?: string }
    const messageId = error instanceof StuckError ? error.messageId : undefined
    const nowMs = Date.now()
    const before = this.#blocked
    const isSame = before !== undefined && before.code === code && before.messageId === messageId
    const blocked: Blocked = {
      code: code ?? 'ERR_BINDING',
      message: message ?? String(error),
      messageId,
      sinceMs: before?.sinceMs ?? nowMs,
      attempts: (before?.attempts ?? 0) + 1,
      toldAtMs: isSame ? before.toldAtMs : Number.NEGATIVE_INFINITY,
    }
    this.#blocked = blocked
    if (nowMs - blocked.toldAtMs >= TELL_MS) {
      blocked.toldAtMs = nowMs
      this.#onError(
        error instanceof StuckError
          ? error
          : new MeshError('ERR_BINDING_BLOCKED', `${this.#what} does not go on: ${blocked.message}`, {
              cause: error,
            }),
      )
    }
    return blocked.attempts
  }

  /** @param read what is stored of the source from a cursor on */
  async status(read: (from: string, limit: number) => AsyncGenerator<ReceivedEntry>): Promise<BindingStatus> {
    const behind = await this.#countBehind(read)
    return {
      ...this.#about,
      position: this.#position,
      end: this.#store.end,
      behind,
      jobs: this.#jobs,
      skipped: this.skipped,
      undecodable: this.#undecodable,
      lost: this.#lost,
      ...(this.#blocked === undefined ? {} : { blocked: toPublic(this.#blocked) }),
    }
  }

  async #countBehind(
    read: (from: string, limit: number) => AsyncGenerator<ReceivedEntry>,
  ): Promise<number | undefined> {
    let behind = 0
    if (this.#cursor === '') return behind
    try {
      for await (const { kind } of read(this.#cursor, MAX_BEHIND)) behind += kind === 'message' ? 1 : 0
    } catch (error) {
      // The database may be being opened anew, and the rest is worth having.
      if (error instanceof StorageError) return undefined
      throw error
    }
    return behind
  }

  get #what(): string {
    return `the binding of ${this.#about.source} to jobs ${this.#about.job}`
  }

  #tell(code: string, why: string, cause?: unknown): void {
    this.#onError(new MeshError(code, `${this.#what}: ${why}`, { cause }))
  }
}

/** A message makes no job, and those behind it wait. */
export class StuckError extends MeshError {
  readonly messageId: string

  constructor(messageId: string, message: string, cause: unknown) {
    super('ERR_BINDING_BLOCKED', message, { cause })
    this.messageId = messageId
  }
}

function toPublic({ code, message, messageId, attempts, sinceMs }: Blocked): BindingBlocked {
  return { code, message, attempts, sinceMs, ...(messageId === undefined ? {} : { messageId }) }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
