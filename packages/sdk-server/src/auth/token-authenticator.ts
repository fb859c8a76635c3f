import { MeshError } from '@pastel-mesh/identity'
import type { AccessTokens } from './access-tokens.ts'
import type { Authenticator } from './authenticator.ts'
import type { Roles } from './roles.ts'
import type { ServiceKeys } from './service-keys.ts'
import type { Session } from './session.ts'
import type { Sessions } from './sessions.ts'

const BEARER = /^Bearer ([\x21-\x7e]+)$/i
/** An access token has some 600 characters. */
const MAX_TOKEN_LENGTH = 2_048

export interface TokenAuthenticatorComponents {
  readonly tokens: AccessTokens
  readonly sessions: Sessions
  readonly serviceKeys: ServiceKeys
  readonly roles: Roles
  readonly now: () => number
}

/** Knows callers by the access token of a session, or by a service key. */
export class TokenAuthenticator implements Authenticator {
  readonly #components: TokenAuthenticatorComponents

  constructor(components: TokenAuthenticatorComponents) {
    this.#components = components
  }

  async authenticate(authorization: string | undefined): Promise<Session | undefined> {
    if (authorization === undefined || authorization === '') return undefined
    const [, token = ''] = authorization.length > MAX_TOKEN_LENGTH ? [] : (BEARER.exec(authorization) ?? [])
    if (token === '') throw new MeshError('ERR_TOKEN', 'give "Bearer", and an access token or a service key')
    return token.startsWith('pmk_') ? this.#byKey(token) : this.#byAccessToken(token)
  }

  #byKey(token: string): Session {
    const { key, ended, isOver } = this.#components.serviceKeys.authenticate(token)
    const { id, scopes, expiresAtMs } = key
    return {
      kind: 'key',
      subject: id,
      scopes,
      ended,
      isOver,
      ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
    }
  }

  async #byAccessToken(token: string): Promise<Session> {
    const { tokens, sessions, roles, now } = this.#components
    const { sessionId, subject, expiresAtMs } = await tokens.verify(token)
    const session = sessions.find(sessionId)
    // What the configuration says now counts, not what it said when the token was made.
    const role = roles.of({ id: subject })
    if (session === undefined || session.subject !== subject || role === undefined) {
      throw new MeshError('ERR_TOKEN', 'the session of the access token has ended: log in')
    }
    return {
      kind: session.kind,
      subject,
      role,
      id: sessionId,
      expiresAtMs,
      ended: session.ended,
      isOver: () => expiresAtMs <= now() || sessions.find(sessionId) === undefined,
    }
  }
}
