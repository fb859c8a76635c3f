import { MAX_BATCH_MESSAGES, MAX_PAYLOAD_BYTES, type MessageInput } from '@pastel-mesh/protocol'
import type { Accepted } from './pending.ts'

/** Chunks accepted at a time: enough that signing and writing never wait for the caller. */
const MAX_CHUNKS = 6

/** Publishes messages chunk by chunk, in order, no faster than they are stored. */
export async function publishInOrder(
  messages: Iterable<MessageInput> | AsyncIterable<MessageInput>,
  accept: (chunk: MessageInput[]) => Promise<Accepted[]>,
  signal?: AbortSignal,
): Promise<Accepted[]> {
  const accepted: Accepted[] = []
  const running: Promise<Accepted[]>[] = []
  const finishOldest = async () => {
    for (const one of (await running.shift()) ?? []) accepted.push(one)
  }
  const send = (chunk: MessageInput[]) => {
    const sent = accept(chunk)
    // Awaited in order; a failure of a later one must not count as unhandled before that.
    sent.catch(() => {})
    running.push(sent)
  }
  try {
    let chunk: MessageInput[] = []
    let bytes = 0
    for await (const message of messages) {
      signal?.throwIfAborted()
      chunk.push(message)
      bytes += roughBytes(message)
      if (chunk.length < MAX_BATCH_MESSAGES && bytes < MAX_PAYLOAD_BYTES) continue
      if (running.length >= MAX_CHUNKS) await finishOldest()
      send(chunk)
      chunk = []
      bytes = 0
    }
    if (chunk.length > 0) send(chunk)
    while (running.length > 0) await finishOldest()
  } finally {
    await Promise.allSettled(running)
  }
  return accepted
}

function roughBytes(message: MessageInput): number {
  return 64 + (message.bytes?.length ?? message.text?.length ?? 1024)
}
