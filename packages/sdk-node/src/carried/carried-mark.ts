import { isPastelId, MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import {
  CARRIED_HEADER_PREFIX,
  CARRIED_HEADERS,
  type MessageContent,
  type MessageInput,
} from '@pastel-mesh/protocol'
import { pastelIdOf } from '../pastel-id-of.ts'

const { via: VIA, from: FROM, to: TO, outcome: OUTCOME } = CARRIED_HEADERS

/**
 * How a message came to this node, or left it, by another way than the mesh. Such messages have no batch of their sender,
 * or none that their recipient can read: the node keeps them in the log to its own inbox, with this in their headers.
 */
export interface CarriedMark {
  /** Name of the way, such as `pasteld`. */
  readonly via: string
  /** Who sent it: somebody else, or this node. */
  readonly sender: PastelId
  /** Who is to have it: this node, or somebody else. */
  readonly recipient: PastelId
  /** `unknown`: nobody can say whether it was handed over. */
  readonly outcome?: 'unknown'
}

/** @throws MeshError ERR_MESSAGE: a caller gave a header that only the node itself writes */
export function refuseMarks({ headers = {} }: MessageInput): void {
  const name = Object.keys(headers).find((name) => name.startsWith(CARRIED_HEADER_PREFIX))
  if (name === undefined) return
  throw new MeshError(
    'ERR_MESSAGE',
    `the header "${name}" is the node's own: give it a name that does not begin with ${CARRIED_HEADER_PREFIX}`,
  )
}

/** Headers of a message with its mark. */
export function withMark(
  headers: Readonly<Record<string, string>>,
  { via, sender, recipient, outcome }: CarriedMark,
): Record<string, string> {
  return {
    ...headers,
    [VIA]: via,
    [FROM]: sender,
    [TO]: recipient,
    ...(outcome === undefined ? {} : { [OUTCOME]: outcome }),
  }
}

/** The headers that its sender gave a message: what only the node itself writes is left out, whoever wrote it. */
export function withoutMark(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!Object.keys(headers).some((name) => name.startsWith(CARRIED_HEADER_PREFIX))) return headers
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith(CARRIED_HEADER_PREFIX)),
  )
}

/**
 * The mark of a stored message; undefined: it has none. Believed only of what somebody wrote to its own inbox: nobody else
 * could, and nobody else reads it.
 */
export function markOf(
  { sender, channel }: { readonly sender: Uint8Array; readonly channel: string },
  { headers }: Pick<MessageContent, 'headers'>,
): CarriedMark | undefined {
  const { [VIA]: via, [FROM]: from = '', [TO]: to = '', [OUTCOME]: outcome } = headers
  if (via === undefined || channel !== `inbox/${pastelIdOf(sender)}`) return undefined
  if (!isPastelId(from) || !isPastelId(to)) return undefined
  return {
    via,
    sender: parsePastelId(from),
    recipient: parsePastelId(to),
    ...(outcome === 'unknown' ? { outcome } : {}),
  }
}
