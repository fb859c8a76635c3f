import type { SessionInfo } from './auth.ts'

/** What a login gives. */
export interface Login {
  readonly accessToken: string
  readonly accessExpiresAt: Date
  readonly refreshToken: string
  readonly refreshExpiresAt: Date
  readonly session: SessionInfo
}

export interface Challenge {
  readonly text: string
  readonly nonce: string
  readonly expiresAt: Date
}

/** The procedures of `auth`: those that take no session, and the one that ends it. */
export interface LoginCalls {
  challenge(
    input: { kind: 'pastelid' | 'wallet'; subject: string; uri: string },
    options: { signal?: AbortSignal },
  ): Promise<Challenge>
  verify(input: { nonce: string; signature: string }, options: { signal?: AbortSignal }): Promise<Login>
  refresh(input: { refreshToken: string }): Promise<Login>
  logout(authorization: string): Promise<void>
}
