import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import {
  createLocalSigner,
  ED448_PUBLIC_KEY_BYTES,
  ED448_SIGNATURE_BYTES,
  generateSeed,
  verifySignature,
} from '@pastel-mesh/identity'
import { LENGTH_BYTES, readFrames } from '../socket-frames.ts'
import type { Endpoint, EndpointOptions } from './endpoint.ts'

const SIGNED_BYTES = ED448_PUBLIC_KEY_BYTES + ED448_SIGNATURE_BYTES

/**
 * What is left when everything is taken away that a message can do without: no encryption, no multiplexer, no
 * gossip, no checks, no log, no database. Its author signs a message, appends it to a file, syncs that, and writes it
 * to a plain TCP socket of each other process; these verify the signature, append, sync, and show it. What this
 * takes, the machine takes.
 */
export async function floorEndpoint({ directory, onShown }: EndpointOptions): Promise<Endpoint> {
  const signer = createLocalSigner(generateSeed())
  const file = await open(`${directory}.log`, 'a')
  const sockets = new Set<Socket>()
  const append = appender(file)

  const receive = async (frame: Buffer) => {
    const publicKey = frame.subarray(0, ED448_PUBLIC_KEY_BYTES)
    const signature = frame.subarray(ED448_PUBLIC_KEY_BYTES, SIGNED_BYTES)
    const body = frame.subarray(SIGNED_BYTES)
    if (!(await verifySignature(publicKey, textOf(body), signature))) throw new Error('a bad signature')
    await append(frame)
    onShown(body)
  }
  const take = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    // The others end when they are told to, not all at once.
    socket.on('error', () => socket.destroy())
    readFrames(socket, (frame) => void receive(frame))
  }
  const server = createServer(take)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: () => String((server.address() as { port: number }).port),
    connect: (address) =>
      new Promise((resolve) => {
        const socket = connect(Number(address), '127.0.0.1', resolve)
        take(socket)
      }),
    subscribers: () => sockets.size,
    async publish(body) {
      const signature = await signer.sign(textOf(body))
      const frame = Buffer.concat([Buffer.alloc(LENGTH_BYTES), signer.publicKey, signature, body])
      frame.writeUInt32BE(frame.length - LENGTH_BYTES)
      await append(frame)
      for (const socket of sockets) socket.write(frame)
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      await file.close()
    },
  }
}

/** A text of the length that the protocol signs. */
function textOf(body: Uint8Array): string {
  return `pastel-mesh/bench/1:${hash('sha256', body)}`
}

/** Appends with sync, one group after the other. */
function appender(file: Awaited<ReturnType<typeof open>>): (bytes: Uint8Array) => Promise<void> {
  let waiting: { bytes: Uint8Array; done: () => void }[] = []
  let isWriting = false
  const write = async () => {
    isWriting = true
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await file.writev(group.map(({ bytes }) => bytes))
      await file.datasync()
      for (const { done } of group) done()
    }
    isWriting = false
  }
  return (bytes) =>
    new Promise((done) => {
      waiting.push({ bytes, done })
      if (!isWriting) void write()
    })
}
