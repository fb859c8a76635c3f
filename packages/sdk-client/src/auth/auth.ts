/** How a client shows who it is. Made by {@link pastelIdAuth}, {@link walletAuth} or {@link serviceKeyAuth}. */
export type Auth = LoginAuth | ServiceKeyAuth

/** Somebody who logs in by signing what the node asks. */
export interface LoginAuth {
  readonly kind: 'pastelid' | 'wallet'
  /** The PastelID, or the address of the wallet. */
  readonly subject: string
  /**
   * Signs a text that was checked before: it is what a login of this subject, at this node's address, looks like.
   * @returns base64url of a PastelID's, hex of a wallet's
   */
  readonly sign: (text: string, options: { signal?: AbortSignal }) => Promise<string>
}

/** A program, with a key that an admin of the node made for it. */
export interface ServiceKeyAuth {
  readonly kind: 'key'
  readonly key: string
}

/** Who is logged in. */
export interface SessionInfo {
  readonly kind: 'pastelid' | 'wallet'
  readonly subject: string
  readonly role: 'viewer' | 'operator' | 'admin'
}
