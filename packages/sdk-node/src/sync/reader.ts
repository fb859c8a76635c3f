import type { Stream } from '@libp2p/interface'
import { MeshError } from '@pastel-mesh/identity'
import {
  type Cursor,
  decodeLogId,
  decodeSyncResponse,
  encodeSyncRequest,
  type HeadsResponse,
  type LogRange,
  logId,
  logIdBytes,
  MAX_SYNC_RANGES,
  type RangesResponse,
  type SyncRequest,
  type SyncResponse,
} from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { Verdict } from '../inbound/pipeline.ts'
import { type SyncFrames, syncFrames } from './frames.ts'

export interface SyncReaderComponents {
  readonly store: MessageStore
  readonly openStream: (signal: AbortSignal) => Promise<Stream>
  readonly receive: (envelope: Uint8Array, signal: AbortSignal) => Promise<Verdict>
}

/** Bytes asked for at a time: what is on its way from one peer, and so in memory, stays under it. */
const REQUEST_BYTES = 2 * 1024 * 1024

/** A holder that takes longer for one frame is dropped. */
const ANSWER_TIMEOUT_MS = 30_000

/**
 * Reads one peer's arrival order from where it last stood in it: heads first, then the ranges that are missing.
 * The place is kept in memory.
 */
export class SyncReader {
  readonly #components: SyncReaderComponents
  readonly #closed = new AbortController()
  #frames: SyncFrames | undefined
  #stream: Stream | undefined
  #lastId = 0
  /** Where the next pass begins, and for which channels that holds: more channels begin anew. */
  #checkpoint: { cursor: Cursor; channels: string } | undefined

  constructor(components: SyncReaderComponents) {
    this.#components = components
  }

  /**
   * Fetches what the peer has of some channels and this node has not.
   * @returns whether everything that the peer announced is here now
   */
  async pass(channels: readonly string[]): Promise<boolean> {
    if (channels.length === 0) return true
    const key = channels.join('\n')
    let from = this.#checkpoint?.channels === key ? this.#checkpoint.cursor : undefined
    let complete = true
    for (;;) {
      const request = {
        kind: 'heads',
        id: this.#nextId(),
        channels,
        ...(from === undefined ? {} : { from }),
      } as const
      const answer = await this.#askHeads(request)
      complete = (await this.#fetch(await this.#missing(answer, channels))) && complete
      // What is still missing is asked for again in the next pass, from the same place.
      if (complete) this.#checkpoint = { cursor: answer.next, channels: key }
      if (!answer.more) return complete
      if (answer.next.position <= (answer.reset ? 0 : (from?.position ?? 0)))
        throw protocolError('heads do not advance')
      from = answer.next
    }
  }

  close(): void {
    this.#closed.abort()
    this.#drop()
  }

  /** What the heads announce beyond what is stored here, in their order. */
  async #missing({ heads }: HeadsResponse, channels: readonly string[]): Promise<LogRange[]> {
    const missing: LogRange[] = []
    for (const { sender, channel, run, position } of heads) {
      if (!channels.includes(channel)) throw protocolError('a head of a channel that was not asked for')
      const state = await this.#components.store.log(
        logId(sender, channel, run),
        logIdBytes(sender, channel, run),
      )
      const next = state?.next ?? 0
      if (next <= position) missing.push({ log: logId(sender, channel, run), first: next, last: position })
    }
    return missing
  }

  /** Fetches ranges until all are here, denied, or do not come. */
  async #fetch(missing: LogRange[]): Promise<boolean> {
    let wanted = missing
    let complete = true
    while (wanted.length > 0) {
      const asked = wanted.slice(0, MAX_SYNC_RANGES)
      const denied = await this.#askRanges(asked)
      const left: LogRange[] = []
      let progress = false
      for (const range of asked) {
        const first = (await this.#components.store.log(range.log, decodeLogId(range.log)))?.next ?? 0
        if (first > range.first) progress = true
        if (first > range.last) continue
        if (denied.has(range.log)) complete = false
        else left.push({ ...range, first })
      }
      // Nothing came: what is left has to wait for a later pass or for another peer.
      if (!progress && left.length > 0) return false
      wanted = [...left, ...wanted.slice(asked.length)]
    }
    return complete
  }

  /** @returns the logs of which the peer does not have all that was asked for */
  async #askRanges(ranges: readonly LogRange[]): Promise<Set<string>> {
    const id = this.#nextId()
    const frames = await this.#send({ kind: 'ranges', id, ranges, maxBytes: REQUEST_BYTES })
    const denied = new Set<string>()
    for (;;) {
      const answer = await this.#read(frames, id)
      if (answer.kind !== 'ranges') throw protocolError('heads in answer to ranges')
      await this.#take(answer)
      for (const { log } of answer.denied) denied.add(log)
      if (answer.done) return denied
    }
  }

  /** Hands batches to the inbound pipeline, side by side, and waits until they are on disk. */
  async #take({ batches }: RangesResponse): Promise<void> {
    const signal = this.#closed.signal
    const taken = await Promise.allSettled(
      batches.map(async (envelope) => {
        const verdict = await this.#components.receive(envelope, signal)
        if (verdict.action === 'reject') throw protocolError(`a batch that is ${verdict.reason}`)
        if (verdict.action === 'accept' && 'committed' in verdict) await verdict.committed
      }),
    )
    for (const outcome of taken) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #askHeads(request: SyncRequest): Promise<HeadsResponse> {
    const frames = await this.#send(request)
    const answer = await this.#read(frames, request.id)
    if (answer.kind !== 'heads') throw protocolError('ranges in answer to heads')
    return answer
  }

  async #send(request: SyncRequest): Promise<SyncFrames> {
    const signal = this.#limit()
    this.#stream ??= await this.#components.openStream(signal)
    this.#frames ??= syncFrames(this.#stream)
    await this.#frames.write(encodeSyncRequest(request), signal)
    return this.#frames
  }

  async #read(frames: SyncFrames, id: number): Promise<SyncResponse> {
    const bytes = await frames.read(this.#limit())
    if (bytes === undefined) {
      this.#drop()
      throw new MeshError('ERR_SYNC_CLOSED', 'the peer closed the sync stream')
    }
    const response = decodeSyncResponse(bytes)
    if (response.id !== id) throw protocolError('an answer to another question')
    if (response.kind === 'error') throw protocolError(`an error: ${response.error.slice(0, 64)}`)
    return response
  }

  #limit(): AbortSignal {
    return AbortSignal.any([this.#closed.signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
  }

  #nextId(): number {
    this.#lastId += 1
    return this.#lastId
  }

  /** The next pass opens a new stream. */
  #drop(): void {
    this.#stream?.abort(new Error('sync stream dropped'))
    this.#stream = undefined
    this.#frames = undefined
  }

  /** After a failure the stream is in an unknown state. */
  reset(): void {
    this.#drop()
  }
}

function protocolError(what: string): MeshError {
  return new MeshError('ERR_SYNC_PROTOCOL', `the peer's sync answer was wrong: ${what}`)
}
