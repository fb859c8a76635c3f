import { PastelMeshError } from '../pastel-mesh-error.ts'
import { toPastelMeshError } from '../to-pastel-mesh-error.ts'
import { withSignal } from '../with-signal.ts'
import type { LoginAuth, SessionInfo } from './auth.ts'
import { checkChallenge } from './check-challenge.ts'
import type { Credentials } from './credentials.ts'
import type { Login, LoginCalls } from './login-calls.ts'

/** An access token is renewed when it is good for no longer than that: a call takes some time to arrive. */
const RENEW_BEFORE_MS = 30_000
/**
 * A token that has just come is used, whatever its end: the clock here may be ahead of the node's. If the node takes it
 * no more, it says so, and then it is renewed.
 */
const MIN_USE_MS = 30_000

/**
 * Somebody who logs in, and stays logged in. The tokens are in memory alone.
 *
 * ```
 *              the first call, or login()
 *   logged out ──────────────▶ logging in ──────────▶ logged in ◀──┐ shortly before the token ends,
 *       ▲                          ▲                      │  └──── refreshing   or when it is refused
 *       │                          └──────────────────────│───────────┘ the refresh token is refused
 *       └────────────── logout() ─────────────────────────┘
 * ```
 *
 * Logging in and refreshing happen once for all who wait for it. After logout() only login() begins again.
 */
export class LoginSession implements Credentials {
  readonly #auth: LoginAuth
  readonly #uri: string
  readonly #calls: LoginCalls
  #login: Login | undefined
  #obtainedAtMs = 0
  #pending: Promise<Login> | undefined
  #isLoggedOut = false

  /** @param options.uri the address of the node */
  constructor({ auth, uri }: { auth: LoginAuth; uri: string }, { calls }: { calls: LoginCalls }) {
    this.#auth = auth
    this.#uri = uri
    this.#calls = calls
  }

  async login(signal?: AbortSignal): Promise<SessionInfo> {
    this.#isLoggedOut = false
    return (await this.#current(signal)).session
  }

  /** Ends the session at the node. Without an answer the tokens are forgotten all the same. */
  async logout(): Promise<void> {
    this.#isLoggedOut = true
    const login = await (this.#pending?.catch(() => undefined) ?? this.#login)
    this.#login = undefined
    if (login === undefined) return
    try {
      await this.#end(login)
    } catch (error) {
      // It has ended already.
      if (!isRefused(error)) throw toPastelMeshError(error)
    }
  }

  async authorization(signal?: AbortSignal): Promise<string> {
    return bearer(await this.#current(signal))
  }

  async renew(shown: string | undefined, signal?: AbortSignal): Promise<boolean> {
    this.#refuseIfLoggedOut()
    if (this.#login !== undefined && bearer(this.#login) === shown) this.#renewOnce()
    await this.#current(signal)
    return true
  }

  async #current(signal: AbortSignal | undefined): Promise<Login> {
    this.#refuseIfLoggedOut()
    if (this.#pending === undefined) {
      if (this.#login !== undefined && !this.#isStale(this.#login)) return this.#login
      this.#renewOnce()
    }
    const login = await withSignal(this.#pending as Promise<Login>, signal)
    this.#refuseIfLoggedOut()
    return login
  }

  #refuseIfLoggedOut(): void {
    if (!this.#isLoggedOut) return
    throw new PastelMeshError({ code: 'ERR_LOGGED_OUT', message: 'logged out: call login() first' })
  }

  #isStale({ accessExpiresAt }: Login): boolean {
    const renewAtMs = accessExpiresAt.getTime() - RENEW_BEFORE_MS
    return Date.now() >= Math.max(renewAtMs, this.#obtainedAtMs + MIN_USE_MS)
  }

  #renewOnce(): void {
    if (this.#pending !== undefined) return
    const pending = this.#obtain().finally(() => {
      this.#pending = undefined
    })
    // Whoever waits for it hears of it; all of them may have given up.
    pending.catch(() => {})
    this.#pending = pending
  }

  async #obtain(): Promise<Login> {
    const login = (await this.#refreshed()) ?? (await this.#loggedIn())
    this.#login = login
    this.#obtainedAtMs = Date.now()
    return login
  }

  /** Undefined: there is nothing to refresh with, and the way is to log in. */
  async #refreshed(): Promise<Login | undefined> {
    if (this.#login === undefined) return undefined
    try {
      return await this.#calls.refresh({ refreshToken: this.#login.refreshToken })
    } catch (error) {
      if (!isRefused(error)) throw toPastelMeshError(error)
      this.#login = undefined
      return undefined
    }
  }

  async #loggedIn(): Promise<Login> {
    const { kind, subject } = this.#auth
    const { text, nonce } = await this.#calls.challenge({ kind, subject, uri: this.#uri }, {})
    checkChallenge(text, { kind, subject, uri: this.#uri, nonce })
    return this.#calls.verify({ nonce, signature: await this.#auth.sign(text, {}) }, {})
  }

  async #end(login: Login): Promise<void> {
    try {
      await this.#calls.logout(bearer(login))
    } catch (error) {
      if (!isRefused(error)) throw error
      // The access token was too old to end the session, which goes on as long as the other one is good.
      await this.#calls.logout(bearer(await this.#calls.refresh({ refreshToken: login.refreshToken })))
    }
  }
}

function bearer({ accessToken }: Login): string {
  return `Bearer ${accessToken}`
}

/** Whether what was shown does not count, or no more. */
export function isRefused(error: unknown): boolean {
  return toPastelMeshError(error).httpStatus === 401
}
