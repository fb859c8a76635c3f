import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { MessageStore } from '@pastel-mesh/storage'
import { AccessTokens } from './access-tokens.ts'
import type { Authenticator } from './authenticator.ts'
import type { LoginEvent } from './login-event.ts'
import { Logins } from './logins.ts'
import { assertChecksums, type RoleLists, Roles } from './roles.ts'
import { ServiceKeys } from './service-keys.ts'
import { Sessions } from './sessions.ts'
import { SigningKeys } from './signing-keys.ts'
import { TokenAuthenticator } from './token-authenticator.ts'

export interface AuthOptions {
  readonly roles: RoleLists
  /** Where the server is reached: scheme, name and port of each. */
  readonly origins: () => readonly string[]
}

export interface AuthComponents {
  readonly node: MeshNode
  readonly store: MessageStore
  readonly now: () => number
  readonly onLogin?: (event: LoginEvent) => void
}

/** Who may call: what the parts of it share. */
export interface Auth {
  readonly roles: Roles
  readonly logins: Logins
  readonly sessions: Sessions
  readonly serviceKeys: ServiceKeys
  readonly authenticator: Authenticator
  /** Reads what is kept of it; the store must have been started. @throws MeshError ERR_SUBJECT; StorageError */
  start(): Promise<void>
}

/** @throws MeshError ERR_SUBJECT: who is listed has no name that can log in */
export function createAuth(
  { roles: lists, origins }: AuthOptions,
  { node, store, now, onLogin = () => {} }: AuthComponents,
): Auth {
  const { network, pastelId } = node
  const roles = new Roles(lists)
  const keys = new SigningKeys({ store, now })
  const tokens = new AccessTokens({ network, pastelId }, { keys, now })
  const sessions = new Sessions({ store, roles, now })
  const serviceKeys = new ServiceKeys({ store, now })
  return {
    roles,
    sessions,
    serviceKeys,
    logins: new Logins({ node: pastelId, origins }, { roles, sessions, tokens, now, onLogin }),
    authenticator: new TokenAuthenticator({ tokens, sessions, serviceKeys, roles, now }),
    async start() {
      await assertChecksums(lists)
      await Promise.all([keys.start(), sessions.start(), serviceKeys.start()])
    },
  }
}
