import { MeshError, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { inboxChannel, type MessageInput, toWireMessage, wireMessageBytes } from '@pastel-mesh/protocol'
import type { PreparedMessage } from '../outbound/pending.ts'
import { refuseMarks, withMark } from './carried-mark.ts'
import type { BroughtMessage } from './carrier.ts'

const VIA = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/**
 * Brings it into the form in which a node keeps it: in the log to its own inbox, with its true sender.
 * @param prepare the rules of direct messages, for the lifetime
 * @throws MeshError ERR_MESSAGE, ERR_PASTELID_LENGTH and the like
 */
export function prepareBrought(
  { via, sender, message, createdAtMs, values = [] }: BroughtMessage,
  own: PastelId,
  prepare: (input: MessageInput, nowMs: number) => Pick<PreparedMessage, 'expiresAtMs'>,
): PreparedMessage {
  if (!VIA.test(via)) throw new MeshError('ERR_MESSAGE', `"${via.slice(0, 64)}" is no name of a way`)
  refuseMarks(message)
  const nowMs = Date.now()
  const { expiresAtMs } = prepare(message, nowMs)
  const headers = withMark(message.headers ?? {}, { via, sender: parsePastelId(sender), recipient: own })
  const wire = toWireMessage({ ...message, headers, expiresAtMs }, Math.min(createdAtMs ?? nowMs, nowMs))
  return {
    wire,
    sizeBytes: wireMessageBytes(wire),
    expiresAtMs,
    countAs: { sender, channel: inboxChannel(own) },
    noted: () => values,
  }
}
