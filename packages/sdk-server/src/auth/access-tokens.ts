import { MeshError } from '@pastel-mesh/identity'
import { errors, jwtVerify, SignJWT } from 'jose'
import { newId } from './secrets.ts'
import type { Role } from './session.ts'
import type { SigningKeys } from './signing-keys.ts'

/** How long one that leaked is good, and how often a client has to ask for another. */
const VALID_MS = 15 * 60_000
const ALGORITHM = 'EdDSA'
const TYPE = 'at+jwt'
const ISSUER = 'pastel-mesh'
/** Tokens that were verified, a kilobyte each: a client shows the same one for a quarter of an hour. */
const MAX_VERIFIED = 1_024

/** Whom an access token is for. */
export interface AccessClaims {
  readonly sessionId: string
  readonly subject: string
  readonly kind: 'pastelid' | 'wallet'
  readonly role: Role
}

interface Verified {
  readonly sessionId: string
  readonly subject: string
  readonly expiresAtMs: number
}

export interface AccessTokenOptions {
  /** Of which network the node is, and its PastelID: a token of another node is none of this one. */
  readonly network: string
  readonly pastelId: string
}

export interface AccessTokenComponents {
  readonly keys: SigningKeys
  readonly now: () => number
}

/** The tokens that go with each call: JSON Web Tokens of this server for itself. */
export class AccessTokens {
  readonly #audience: string
  readonly #keys: SigningKeys
  readonly #now: () => number
  /** Verifying takes longer than most calls. */
  readonly #verified = new Map<string, Verified>()

  constructor({ network, pastelId }: AccessTokenOptions, { keys, now }: AccessTokenComponents) {
    this.#audience = `pastel-mesh/${network}/${pastelId}`
    this.#keys = keys
    this.#now = now
  }

  async issue({
    sessionId,
    subject,
    kind,
    role,
  }: AccessClaims): Promise<{ token: string; expiresAtMs: number }> {
    const { id, privateKey } = await this.#keys.current()
    // In whole seconds, as the token has it.
    const issuedAt = Math.floor(this.#now() / 1000)
    const expiresAt = issuedAt + VALID_MS / 1000
    const token = await new SignJWT({ sid: sessionId, kind, role })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid: id })
      .setIssuer(ISSUER)
      .setAudience(this.#audience)
      .setSubject(subject)
      .setJti(newId())
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey)
    return { token, expiresAtMs: expiresAt * 1000 }
  }

  /** @throws MeshError ERR_TOKEN */
  async verify(token: string): Promise<Verified> {
    const known = this.#verified.get(token)
    if (known !== undefined && known.expiresAtMs > this.#now()) return known
    this.#verified.delete(token)
    const verified = await this.#verify(token)
    this.#verified.set(token, verified)
    const [oldest] = this.#verified.keys()
    if (this.#verified.size > MAX_VERIFIED && oldest !== undefined) this.#verified.delete(oldest)
    return verified
  }

  async #verify(token: string): Promise<Verified> {
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          const key = this.#keys.find(kid)
          if (key === undefined)
            throw new MeshError('ERR_TOKEN', 'no key of this server signed the access token')
          return key.publicKey
        },
        {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer: ISSUER,
          audience: this.#audience,
          requiredClaims: ['sub', 'sid', 'jti', 'iat', 'exp'],
          currentDate: new Date(this.#now()),
        },
      )
      const { sub = '', sid, exp = 0 } = payload
      return { sessionId: String(sid), subject: sub, expiresAtMs: exp * 1000 }
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new MeshError('ERR_TOKEN', 'the access token has expired: refresh it', { cause: error })
      }
      if (error instanceof MeshError) throw error
      throw new MeshError('ERR_TOKEN', 'the access token is none of this server: log in', { cause: error })
    }
  }
}
