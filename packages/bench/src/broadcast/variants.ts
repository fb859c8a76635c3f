import type { PastelId } from '@pastel-mesh/identity'

/** What is compared: how two processes carry the same messages, both storing them with sync. */
export interface Variant {
  readonly name: string
  readonly kind: 'mesh' | 'strict-sign'
  /** Messages of one signature; for `mesh`. */
  readonly batch: number
  /** Messages of one run: a few seconds. */
  readonly messages: number
  /** The core that signs for the publisher. @default it has its key */
  readonly pasteld?: PasteldPlace
}

/** Where the key of a PastelID is that never leaves its core. */
export interface PasteldPlace {
  readonly confPath: string
  readonly pastelId: PastelId
  readonly passphrase: string
}

export const VARIANTS = {
  ours: { name: 'Pastel Mesh, up to 512 messages a signature', kind: 'mesh', batch: 512, messages: 300_000 },
  single: { name: 'Pastel Mesh, 1 message a signature', kind: 'mesh', batch: 1, messages: 6_000 },
  strictSign: { name: 'stock gossipsub, StrictSign', kind: 'strict-sign', batch: 1, messages: 15_000 },
} as const satisfies Record<string, Variant>

/** What the parent tells a child process, and what it hears. */
export interface Job {
  readonly role: 'publisher' | 'receiver'
  readonly kind: Variant['kind']
  readonly batch: number
  readonly messages: number
  readonly size: number
  readonly directory: string
  readonly pasteld?: PasteldPlace
}

export type ToChild =
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'connect'; readonly address: string }
  | { readonly type: 'go' }
  | { readonly type: 'end' }

export type FromChild =
  | { readonly type: 'listening'; readonly address: string }
  | { readonly type: 'connected' }
  | { readonly type: 'finished'; readonly atMs: number; readonly rssMb: number; readonly cpuMs: number }
