import { RPC } from '@libp2p/gossipsub/message'
import type { Stream } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'

/** What a gossipsub RPC may hold, all of it optional. */
export interface RawRpc {
  readonly subscriptions?: readonly RPC.SubOpts[]
  readonly messages?: readonly RPC.Message[]
  readonly control?: Partial<RPC.ControlMessage>
}

/** The bytes of an RPC, without the length before them. */
export function encodeRpc({ subscriptions = [], messages = [], control }: RawRpc): Uint8Array {
  return RPC.encode({
    subscriptions: [...subscriptions],
    messages: [...messages],
    ...(control === undefined
      ? {}
      : { control: { ihave: [], iwant: [], graft: [], prune: [], idontwant: [], ...control } }),
  })
}

/** A gossip stream that this side opened: whatever is written to it is sent. */
export class RawGossipStream {
  readonly stream: Stream

  constructor(stream: Stream) {
    this.stream = stream
  }

  get isOpen(): boolean {
    return this.stream.status === 'open' && this.stream.writeStatus === 'writable'
  }

  /** Sends RPCs, each in a frame of its own. */
  send(...rpcs: RawRpc[]): void {
    this.sendFrames(...rpcs.map(encodeRpc))
  }

  /** Sends bytes, each in a frame of its own. */
  sendFrames(...frames: Uint8Array[]): void {
    this.sendBytes(new Uint8ArrayList(...frames.map((frame) => encode.single(frame))))
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array | Uint8ArrayList): void {
    this.stream.send(bytes)
  }

  /** Resolves when the other end takes more, when the stream is closed, or when the time is over. */
  async drained(timeoutMs: number): Promise<void> {
    if (!this.isOpen || !this.stream.writableNeedsDrain) return
    // Not `onDrain()`: in @libp2p/utils 7.4.1 it waits only once.
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    const listeners = new AbortController()
    for (const event of ['drain', 'close'] as const) {
      this.stream.addEventListener(event, () => resolve(), { signal: listeners.signal })
    }
    await promise
    listeners.abort()
    clearTimeout(timer)
  }

  subscribe(...topics: string[]): void {
    this.send({ subscriptions: topics.map((topic) => ({ topic, subscribe: true })) })
  }

  graft(...topics: string[]): void {
    this.send({ control: { graft: topics.map((topicID) => ({ topicID })) } })
  }

  publish(topic: string, ...data: Uint8Array[]): void {
    for (const one of data) this.send({ messages: [{ topic, data: one }] })
  }

  reset(): void {
    this.stream.abort(new Error('reset by the attacker'))
  }
}
