/** What people may do; each may all that the ones before may. */
export const ROLES = ['viewer', 'operator', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** What service keys are for: to read messages and what is about them, to send messages. */
export const SCOPES = ['read', 'send'] as const
export type Scope = (typeof SCOPES)[number]

/** Who calls. */
export interface Session {
  /** `socket`: whoever may use the data folder, with no login. */
  readonly kind: 'socket' | 'pastelid' | 'wallet' | 'key'
  /** The PastelID, the address of the wallet in lower case, or the id of the service key; of the socket `socket`. */
  readonly subject: string
  /** Of people. */
  readonly role?: Role
  /** Of service keys. */
  readonly scopes?: readonly Scope[]
  /** Of one that logged in: what logout ends. */
  readonly id?: string
  /** Until when what it shows is good, in ms since 1970; undefined: without end. */
  readonly expiresAtMs?: number
  /** Aborted when the session, or the key, is ended: for what lasts longer than a call. */
  readonly ended?: AbortSignal
  /** Whether what was shown is not good any more: a connection may live for longer. */
  readonly isOver?: () => boolean
}

/** What a procedure demands. Each states it: one that does not can be called by nobody. */
export interface Access {
  /** `session`: whoever has one, or a service key. */
  readonly role: Role | 'anyone' | 'session'
  /** A service key with it may call, too. */
  readonly scope?: Scope
}

/** The operator on the machine. */
export const SOCKET_SESSION: Session = { kind: 'socket', subject: 'socket', role: 'admin' }

/** What limits count it by. */
export function sessionName({ kind, id, subject }: Session): string {
  return `${kind} ${id ?? subject}`
}

export function mayCall({ role, scopes = [] }: Session, access: Access): boolean {
  if (access.role === 'anyone' || access.role === 'session') return true
  if (role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(access.role)) return true
  return access.scope !== undefined && scopes.includes(access.scope)
}
