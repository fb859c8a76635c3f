/** What was written on streams of one protocol: how often, and bytes without what yamux, noise and TCP add. */
export interface Sent {
  writes: number
  bytes: number
}

/** What was read from streams of one protocol, in bytes, likewise. */
export interface Read {
  bytes: number
}

/** By protocol; the empty name is the choosing of protocols, which comes before each stream has one. */
export type SentCounters = Record<string, Sent>
export type ReadCounters = Record<string, Read>

export interface StreamCounters {
  readonly sent: SentCounters
  readonly read: ReadCounters
}

/** What a stream and a connection have in common, as far as their bytes are counted. */
interface Carrier {
  send(data: { readonly byteLength: number }): boolean
  dispatchEvent(event: Event): boolean
}

/**
 * Tells of all bytes that are written, and of those that a reader gets. A listener of `message` would not do: data that
 * came before the reader is kept for it as long as there is none.
 */
export function watchBytes<T extends object>(
  carrier: T,
  { onSent, onRead }: { onSent: (bytes: number) => void; onRead: (bytes: number) => void },
): T {
  const watched = carrier as T & Carrier
  const send = watched.send.bind(watched)
  const dispatchEvent = watched.dispatchEvent.bind(watched)
  watched.send = (data) => {
    onSent(data.byteLength)
    return send(data)
  }
  watched.dispatchEvent = (event) => {
    if (event.type === 'message') onRead((event as Event & { data: { byteLength: number } }).data.byteLength)
    return dispatchEvent(event)
  }
  return carrier
}

/**
 * Counts what is written on a stream and read from it. There are as many names as this node speaks protocols: a stream
 * has one that both ends know, or none.
 */
export function metered<T extends object>(stream: T, { sent, read }: StreamCounters): T {
  const metered = stream as T & { readonly protocol: string }
  return watchBytes(metered, {
    onSent: (bytes) => {
      sent[metered.protocol] ??= { writes: 0, bytes: 0 }
      const counter = sent[metered.protocol] as Sent
      counter.writes += 1
      counter.bytes += bytes
    },
    onRead: (bytes) => {
      read[metered.protocol] ??= { bytes: 0 }
      const counter = read[metered.protocol] as Read
      counter.bytes += bytes
    },
  })
}
