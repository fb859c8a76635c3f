import { MeshError } from '@pastel-mesh/identity'
import { type MessageInput, toWireMessage } from '@pastel-mesh/protocol'

/**
 * Finds the message that the node would refuse before any is stored: a caller that gets an error would otherwise
 * not know which of them are.
 * @throws MeshError ERR_MESSAGE: names the message
 */
export function checkMessages(messages: readonly MessageInput[]): void {
  const now = Date.now()
  for (const [index, message] of messages.entries()) {
    try {
      toWireMessage(message, now)
    } catch (cause) {
      if (!(cause instanceof MeshError) || messages.length === 1) throw cause
      throw new MeshError(cause.code, `messages[${index}]: ${cause.message}`, { cause })
    }
  }
}
