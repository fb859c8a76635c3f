/** What became of an attempt to have a session, without any secret: for the log of the node. */
export interface LoginEvent {
  /** `reused`: a refresh token came twice, so that its session has ended. */
  readonly what: 'loggedIn' | 'refused' | 'reused'
  /** The PastelID, or the address of the wallet; undefined: it named none that is known. */
  readonly subject?: string
  /** Why it was refused: a code. */
  readonly code?: string
  /** From which it came: an IP address, or for IPv6 its network. */
  readonly address: string
}
