/** What was written on streams of one protocol: how often, and bytes without what yamux, noise and TCP add. */
export interface Sent {
  writes: number
  bytes: number
}

/** By protocol; the empty name is the choosing of protocols, which comes before each stream has one. */
export type SentCounters = Record<string, Sent>

interface MeteredStream {
  readonly protocol: string
  send(data: { readonly byteLength: number }): boolean
}

/**
 * Counts what is written on a stream. There are as many names as this node speaks protocols: a stream has one that
 * both ends know, or none.
 */
export function metered<T extends object>(stream: T, counters: SentCounters): T {
  const metered = stream as T & MeteredStream
  const send = metered.send.bind(metered)
  metered.send = (data) => {
    counters[metered.protocol] ??= { writes: 0, bytes: 0 }
    const sent = counters[metered.protocol] as Sent
    sent.writes += 1
    sent.bytes += data.byteLength
    return send(data)
  }
  return stream
}
