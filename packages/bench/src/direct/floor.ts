import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import {
  createLocalSigner,
  encodePastelId,
  generateSeed,
  publicKeyFromSeed,
  type Signer,
  verifySignature,
} from '@pastel-mesh/identity'
import {
  ENCODING_SEALED,
  encodeBatch,
  encodePayload,
  generateSealingKey,
  inboxChannel,
  makeRun,
  openBatch,
  openSealedMessages,
  sealPayload,
  sha256,
  signedText,
  toSignedBatch,
  toWireMessage,
  ZERO_HASH,
} from '@pastel-mesh/protocol'
import { createStore, type MessageStore } from '@pastel-mesh/storage'
import { readFrames, writeFrame } from '../socket-frames.ts'

const HOUR_MS = 60 * 60_000

/** Batches that are signed, checked or written at a time: enough that nobody waits for anybody. */
const AT_A_TIME = 8

/** Where the recipient listens, and its sealing key, in hex. */
export interface FloorRecipient {
  readonly port: number
  readonly sealingKey: string
}

/**
 * What a direct message cannot do without: sealed, signed, stored with sync; verified, opened, stored with sync; a
 * receipt signed, verified and stored with sync. Over a plain socket, without libp2p, rates, members, delivery and
 * checks of order beyond the store's own.
 */
export async function serveFloor(directory: string): Promise<FloorRecipient & { stop(): Promise<void> }> {
  const store = createStore({ directory })
  await store.start()
  const pair = await generateSealingKey()
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const sockets = new Set<Socket>()
  const take = async (socket: Socket, envelope: Uint8Array, before: Promise<unknown>) => {
    const signed = openBatch(envelope)
    const text = signedText('batch', signed.hash)
    if (!(await verifySignature(signed.batch.sender, text, signed.signature)))
      throw new Error('a bad signature')
    const opened = await openSealedMessages(signed.batch, () => pair)
    await before
    const placement = await store.place(signed, opened)
    if (placement.status !== 'appended') throw new Error(`a batch was "${placement.status}"`)
    return placement.committed.then(() => {
      const receipt = Buffer.from(signedText('receipt', sha256(signed.hash)))
      writeFrame(socket, Buffer.concat([sign(null, receipt, privateKey), receipt]))
    })
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    writeFrame(socket, publicKey.export({ format: 'der', type: 'spki' }))
    let before: Promise<unknown> = Promise.resolve()
    readFrames(socket, (frame) => {
      const taking = take(socket, frame, before)
      // Its place is taken; who comes next need not wait for the disk.
      before = taking.then(
        () => {},
        (error) => socket.destroy(error as Error),
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    sealingKey: Buffer.from(pair.publicKey).toString('hex'),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await store.stop()
    },
  }
}

/** Sends messages as {@link serveFloor} says. @returns for each batch, how long it took until its receipt was stored */
export async function sendFloor(
  directory: string,
  { port, sealingKey }: FloorRecipient,
  {
    messages,
    batch,
    size,
    atATime = AT_A_TIME,
  }: { messages: number; batch: number; size: number; atATime?: number },
): Promise<number[]> {
  const store = createStore({ directory })
  await store.start()
  const socket = connect(port, '127.0.0.1')
  const waiting: ((receipt: Buffer) => void)[] = []
  const frames = Promise.withResolvers<Buffer>()
  waiting.push(frames.resolve)
  readFrames(socket, (frame) => waiting.shift()?.(Buffer.from(frame)))
  socket.setNoDelay(true)
  try {
    const nodeKey = { key: await frames.promise, format: 'der', type: 'spki' } as const
    const writer = new FloorWriter(store, Buffer.from(sealingKey, 'hex'))
    const tookMs: number[] = []
    let left = messages
    const work = async () => {
      while (left > 0) {
        const count = Math.min(left, batch)
        left -= count
        const beganMs = performance.now()
        const answer = Promise.withResolvers<Buffer>()
        await writer.write(count, size, (envelope) => {
          waiting.push(answer.resolve)
          writeFrame(socket, envelope)
        })
        const receipt = await answer.promise
        if (!verify(null, receipt.subarray(64), nodeKey, receipt.subarray(0, 64)))
          throw new Error('a bad receipt')
        await store.values.write([{ name: 'receipt', value: receipt }])
        tookMs.push(performance.now() - beganMs)
      }
    }
    await Promise.all(Array.from({ length: atATime }, work))
    return tookMs
  } finally {
    socket.destroy()
    await store.stop()
  }
}

/** The author's part: one log to one inbox. */
class FloorWriter {
  readonly #store: MessageStore
  readonly #sealingKey: Uint8Array
  readonly #signer: Signer = createLocalSigner(generateSeed())
  readonly #channel = inboxChannel(encodePastelId(publicKeyFromSeed(generateSeed())))
  readonly #run = makeRun(Date.now(), randomBytes(8))
  #next = 0
  #hash: Uint8Array = ZERO_HASH
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: MessageStore, sealingKey: Uint8Array) {
    this.#store = store
    this.#sealingKey = sealingKey
  }

  /** @param send called in the order of the log, when it is on disk */
  async write(count: number, size: number, send: (envelope: Uint8Array) => void): Promise<void> {
    const nowMs = Date.now()
    const messages = Array.from({ length: count }, () => toWireMessage({ bytes: randomBytes(size) }, nowMs))
    const payload = encodePayload(messages)
    const chained = this.#last.then(() => this.#chain(count, payload, nowMs))
    this.#last = chained
    const { batch, bytes, hash, secret } = await chained
    const signature = this.#signer.sign(signedText('batch', hash))
    const placing = this.#placed.then(async () => {
      const signed = toSignedBatch(batch, { bytes, hash, signature: await signature })
      const placement = await this.#store.place(signed, { own: true, secret })
      if (placement.status !== 'appended') throw new Error(`a batch was "${placement.status}"`)
      return { signed, committed: placement.committed }
    })
    this.#placed = placing
    const { signed, committed } = await placing
    await committed
    send(signed.envelope)
  }

  #placed: Promise<unknown> = Promise.resolve()

  async #chain(count: number, payload: Uint8Array, nowMs: number) {
    const header = {
      network: 'bench',
      sender: this.#signer.publicKey,
      channel: this.#channel,
      run: this.#run,
      first: this.#next,
      count,
      previous: this.#hash,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + HOUR_MS,
      encoding: ENCODING_SEALED,
    }
    const sealed = await sealPayload(header, payload, this.#sealingKey)
    const batch = { ...header, payload: sealed.payload }
    const bytes = encodeBatch(batch)
    this.#next += count
    this.#hash = sha256(bytes)
    return { batch, bytes, hash: this.#hash, secret: sealed.secret }
  }
}
