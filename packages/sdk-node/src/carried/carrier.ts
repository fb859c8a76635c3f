import type { PastelId } from '@pastel-mesh/identity'
import type { MessageContent, MessageInput } from '@pastel-mesh/protocol'
import type { ValueChange } from '@pastel-mesh/storage'

/** A message to be handed over: what its sender made it, and to whom it is to go. */
export type CarriedMessage = Pick<
  MessageContent,
  'type' | 'contentType' | 'body' | 'headers' | 'createdAtMs'
> & {
  readonly recipient: PastelId
}

/**
 * What became of a message:
 *
 * - `handed`: it is on its way
 * - `unknown`: nobody can say; it is not handed over again
 * - `not-now`: certainly not; it is tried again
 */
export type HandOutcome = 'handed' | 'unknown' | 'not-now'

/**
 * Another way to members that are not on the mesh, such as the network of Pastel cores. Of a node with one, what waits for
 * somebody's certificate for a while goes that way instead.
 */
export interface Carrier {
  /** As it is shown, and stored with messages: lower-case letters, digits and inner hyphens. */
  readonly name: string
  /** How long a message waits for a certificate of its recipient before it goes this way, in ms. */
  readonly afterMs: number
  /** Whether it reaches somebody now, as far as it knows. */
  reaches(recipient: PastelId): boolean
  /** Whether a message can go this way at all, such as by its content type and size. */
  carries(message: CarriedMessage): boolean
  /**
   * Hands a message over, once, within some seconds: the node's end waits for it. What it throws counts as `not-now`, and
   * is told as an error of the node.
   * @param options.signal fires at the node's end: what is not on its way then is `not-now`
   * @param options.begin to be awaited right before the message may be on its way: if the node dies behind it, nobody can
   * say what became of the message. What fails, or is `not-now`, was not begun.
   */
  hand(
    message: CarriedMessage,
    options: { readonly signal: AbortSignal; readonly begin: () => Promise<void> },
  ): Promise<HandOutcome>
}

/** A message that reached this node by another way than the mesh. */
export interface BroughtMessage {
  /** The way, such as `pasteld`: lower-case letters, digits and inner hyphens. */
  readonly via: string
  /** Who sent it, as whoever brings it has verified. */
  readonly sender: PastelId
  readonly message: MessageInput
  /** When its sender made it, in ms since 1970. @default now */
  readonly createdAtMs?: number
  /** Written in the very commit that stores it, such as that it was brought: so that it is brought once. */
  readonly values?: readonly ValueChange[]
}
