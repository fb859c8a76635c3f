import { decodePastelId, MeshError, verifySignature } from '@pastel-mesh/identity'
import type { AccessTokens } from './access-tokens.ts'
import { type Challenge, Challenges } from './challenges.ts'
import { LoginAttempts } from './login-attempts.ts'
import type { LoginEvent } from './login-event.ts'
import { pastelIdText } from './login-text.ts'
import { domainOf } from './login-uri.ts'
import type { Roles } from './roles.ts'
import type { Role } from './session.ts'
import { type Granted, type OpenSession, ReusedTokenError, type Sessions } from './sessions.ts'
import { readSubject, type Subject } from './subject.ts'
import { loadWallets, type Wallets } from './wallet.ts'

export interface ChallengeRequest {
  readonly kind: Subject['kind']
  /** The PastelID, or the address of the wallet. */
  readonly subject: string
  /** The URL at which the client reaches the server. */
  readonly uri: string
}

/** What whoever has logged in gets. */
export interface Login {
  readonly accessToken: string
  readonly accessExpiresAt: Date
  readonly refreshToken: string
  readonly refreshExpiresAt: Date
  readonly session: { readonly kind: Subject['kind']; readonly subject: string; readonly role: Role }
}

export interface LoginsOptions {
  /** PastelID of the node. */
  readonly node: string
  readonly origins: () => readonly string[]
}

export interface LoginsComponents {
  readonly roles: Roles
  readonly sessions: Sessions
  readonly tokens: AccessTokens
  readonly now: () => number
  readonly onLogin: (event: LoginEvent) => void
}

/** Base64url, as the client writes it; one signature has one text. */
const PASTELID_SIGNATURE = /^[A-Za-z0-9_-]{152}$/

/** Lets people in: a challenge, a signature of it, a session. */
export class Logins {
  readonly #options: LoginsOptions
  readonly #components: LoginsComponents
  readonly #challenges: Challenges
  readonly #attempts = new LoginAttempts()
  #wallets: Promise<Wallets> | undefined

  constructor(options: LoginsOptions, components: LoginsComponents) {
    this.#options = options
    this.#components = components
    this.#challenges = new Challenges(components.now)
  }

  /** @param address of the caller. @throws MeshError ERR_SUBJECT, ERR_HOST */
  async challenge(request: ChallengeRequest, address: string): Promise<Challenge> {
    const { uri } = request
    const subject = readSubject(request.subject)
    if (subject === undefined || subject.kind !== request.kind) {
      const what = request.kind === 'wallet' ? 'no address of a wallet' : 'no PastelID'
      throw new MeshError('ERR_SUBJECT', `the subject is ${what}`)
    }
    const domain = domainOf(uri, this.#options.origins())
    const { node } = this.#options
    const write = subject.kind === 'wallet' ? (await this.#loadWallets()).text : pastelIdText
    return this.#challenges.issue(subject, address, (terms) =>
      write(subject.id, { domain, uri, node, ...terms }),
    )
  }

  /** @param address of the caller. @throws MeshError ERR_LOGIN, ERR_NO_ACCESS, ERR_RATE_LIMIT; StorageError */
  async verify(nonce: string, signature: string, address: string): Promise<Login> {
    const { onLogin } = this.#components
    return this.#attempts.from(address, async () => {
      const challenge = this.#challenges.take(nonce)
      const about = { address, ...(challenge === undefined ? {} : { subject: challenge.subject.id }) }
      try {
        const login = await this.#verify(challenge, signature)
        onLogin({ what: 'loggedIn', ...about })
        return login
      } catch (error) {
        if (error instanceof MeshError) onLogin({ what: 'refused', code: error.code, ...about })
        throw error
      }
    })
  }

  /**
   * Costs nothing beside the call: its secret cannot be guessed, and looking at one is a hash. Those who cannot log in
   * keep nobody at their address from going on.
   * @param address of the caller
   * @throws MeshError ERR_TOKEN, ERR_NO_ACCESS; StorageError
   */
  async refresh(token: string, address: string): Promise<Login> {
    try {
      return await this.#loginFor(await this.#components.sessions.refresh(token))
    } catch (error) {
      if (error instanceof ReusedTokenError)
        this.#components.onLogin({ what: 'reused', subject: error.subject, code: error.code, address })
      throw error
    }
  }

  async #verify(challenge: Challenge | undefined, signature: string): Promise<Login> {
    if (challenge === undefined || !(await this.#isSigned(challenge, signature))) throw notLoggedIn()
    const { subject } = challenge
    if (this.#components.roles.of(subject) === undefined) {
      throw new MeshError(
        'ERR_NO_ACCESS',
        `${subject.id} may not log in to this node: api.admins, api.operators and api.viewers of its configuration name who may`,
      )
    }
    return this.#loginFor(await this.#components.sessions.create(subject))
  }

  /** How a subject is shown: wallets with their checksum. */
  async shown({ kind, subject }: Pick<OpenSession, 'kind' | 'subject'>): Promise<string> {
    return kind === 'wallet' ? (await this.#loadWallets()).checksummed(subject) : subject
  }

  async #isSigned({ subject, text }: Challenge, signature: string): Promise<boolean> {
    if (subject.kind === 'wallet') return (await this.#loadWallets()).verify(subject.id, text, signature)
    if (!PASTELID_SIGNATURE.test(signature)) return false
    return verifySignature(decodePastelId(subject.id), text, Buffer.from(signature, 'base64url'))
  }

  async #loginFor({ session, refreshToken }: Granted): Promise<Login> {
    const { roles, tokens } = this.#components
    const { id, kind, subject, expiresAtMs } = session
    const role = roles.of({ id: subject })
    if (role === undefined)
      throw new MeshError('ERR_NO_ACCESS', `${subject} may not log in to this node any more`)
    const access = await tokens.issue({ sessionId: id, subject, kind, role })
    return {
      accessToken: access.token,
      accessExpiresAt: new Date(access.expiresAtMs),
      refreshToken,
      refreshExpiresAt: new Date(expiresAtMs),
      session: { kind, subject: await this.shown(session), role },
    }
  }

  #loadWallets(): Promise<Wallets> {
    this.#wallets ??= loadWallets().catch((error) => {
      this.#wallets = undefined
      throw error
    })
    return this.#wallets
  }
}

/** One message for all: whoever tries learns nothing of how far it came. */
function notLoggedIn(): MeshError {
  return new MeshError(
    'ERR_LOGIN',
    'the login failed: the challenge is unknown, used or too old, or the signature is wrong; ask for another challenge',
  )
}
