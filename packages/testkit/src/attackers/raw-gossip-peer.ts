import { noise } from '@chainsafe/libp2p-noise'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { RPC } from '@libp2p/gossipsub/message'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { decode } from 'it-length-prefixed'
import { createLibp2p } from 'libp2p'
import { CERTIFICATE_PROTOCOL, CertificateExchange } from './certificate-exchange.ts'
import { RawGossipStream } from './raw-gossip-stream.ts'

/** Newest first, as gossipsub offers them. */
export const MESHSUB_PROTOCOLS = ['/meshsub/1.2.0', '/meshsub/1.1.0', '/meshsub/1.0.0']

export interface RawGossipPeerOptions {
  /** @default a new key */
  readonly nodeKey?: PrivateKey
  /** Gossip protocols that it says it speaks, and takes streams of. @default MESHSUB_PROTOCOLS */
  readonly protocols?: readonly string[]
  /** Multiaddrs to listen on. @default [] */
  readonly listen?: readonly string[]
  /** Takes the certificate streams that others open. @default leaves them without an answer */
  readonly onCertificate?: (exchange: CertificateExchange, connection: Connection) => void | Promise<void>
  /** Takes the gossip streams that others open, instead of the reader that records RPCs. */
  readonly onGossip?: (stream: Stream, connection: Connection) => void | Promise<void>
}

/**
 * A libp2p node without gossipsub that speaks its wire format by hand, well or badly, and records every RPC that
 * it is sent.
 */
export class RawGossipPeer {
  readonly libp2p: Libp2p
  readonly nodeKey: PrivateKey
  /** Every RPC that came, on any stream. */
  readonly received: RPC[] = []
  /** Gossip streams that others opened. */
  readonly inbound: Stream[] = []

  static async start(options: RawGossipPeerOptions = {}): Promise<RawGossipPeer> {
    const nodeKey = options.nodeKey ?? (await generateKeyPair('Ed25519'))
    const libp2p = await createLibp2p({
      privateKey: nodeKey,
      addresses: { listen: [...(options.listen ?? [])] },
      transports: [tcp(), webSockets()],
      connectionEncrypters: [noise()],
      // An attacker has no bounds of its own.
      streamMuxers: [yamux({ maxInboundStreams: 10_000, maxOutboundStreams: 10_000 })],
      connectionMonitor: { enabled: false },
      connectionManager: { inboundConnectionThreshold: 10_000, maxIncomingPendingConnections: 1_000 },
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify(), ping: ping() },
    })
    const peer = new RawGossipPeer(libp2p, nodeKey)
    await peer.#handle(options)
    return peer
  }

  private constructor(libp2p: Libp2p, nodeKey: PrivateKey) {
    this.libp2p = libp2p
    this.nodeKey = nodeKey
  }

  get peerId(): string {
    return this.libp2p.peerId.toString()
  }

  /** Data of every message that came. */
  get messages(): Uint8Array[] {
    return this.received.flatMap(({ messages }) => messages.map(({ data }) => data ?? new Uint8Array(0)))
  }

  stop(): Promise<void> {
    return Promise.resolve(this.libp2p.stop())
  }

  /** A new connection, however many there are to the same node. */
  dial(address: string): Promise<Connection> {
    return this.libp2p.dial(multiaddr(address), { force: true, signal: AbortSignal.timeout(10_000) })
  }

  /** Dials and shows a certificate. @throws if it is refused */
  async dialAsMember(address: string, certificate: Uint8Array): Promise<Connection> {
    const connection = await this.dial(address)
    const { verdict, reason } = await (await CertificateExchange.open(connection)).present(certificate)
    if (verdict !== 'accepted') throw new Error(`the certificate was refused: ${reason}`)
    return connection
  }

  async openGossip(connection: Connection, protocol = '/meshsub/1.2.0'): Promise<RawGossipStream> {
    return new RawGossipStream(await connection.newStream(protocol, { maxOutboundStreams: 10_000 }))
  }

  async #handle({
    protocols = MESHSUB_PROTOCOLS,
    onCertificate,
    onGossip,
  }: RawGossipPeerOptions): Promise<void> {
    const unbounded = { maxInboundStreams: 10_000, maxOutboundStreams: 10_000 }
    for (const protocol of protocols) {
      await this.libp2p.handle(
        protocol,
        async (stream, connection) => {
          this.inbound.push(stream)
          if (onGossip === undefined) await this.#record(stream)
          else await onGossip(stream, connection)
        },
        unbounded,
      )
    }
    const answer = onCertificate ?? (() => {})
    await this.libp2p.handle(
      CERTIFICATE_PROTOCOL,
      (stream, connection) => answer(new CertificateExchange(stream), connection),
      unbounded,
    )
  }

  async #record(stream: Stream): Promise<void> {
    try {
      for await (const frame of decode(stream)) this.received.push(RPC.decode(frame))
    } catch {
      // The other end hung up.
    }
  }
}
