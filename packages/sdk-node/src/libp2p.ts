import { type GossipSub, gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { MeshError } from '@pastel-mesh/identity'
import { createLibp2p } from 'libp2p'
import { boundedWebSockets } from './connection/bounded-websockets.ts'
import { boundedYamux, MAX_STREAM_WINDOW_BYTES } from './connection/bounded-yamux.ts'
import { type Certifier, certifiedRegistrar, type StreamHooks } from './connection/certified-streams.ts'
import { limitedRegistrar } from './connection/limited-registrar.ts'
import { MAX_CONNECTIONS, MAX_LISTENER_SOCKETS, MAX_PARALLEL_DIALS } from './connection/max-sockets.ts'
import { quietNoise } from './connection/quiet-noise.ts'
import type { StreamCounters } from './connection/stream-meter.ts'
import { addressBehind } from './connection/trusted-proxies.ts'
import { gossipsubOptions } from './gossip/settings.ts'
import type { GossipsubMeters } from './meters/gossipsub-meters.ts'
import type { Libp2pMeters } from './meters/libp2p-meters.ts'

export interface TransportOptions {
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of the ones listened on. */
  readonly announce: readonly string[]
  /** Many peers come from one host: allow them to connect at once and do not hold it against their score. */
  readonly manyPeersPerHost: boolean
  /** Proxies before the WebSockets that are listened on: whose address counts is as {@link addressBehind} has it. */
  readonly trustedProxies: readonly string[]
}

/** What of a node's options is the transport's. */
export function transportOptions(options: Partial<TransportOptions>): TransportOptions {
  const { listen = ['/ip4/127.0.0.1/tcp/0'], announce = [], manyPeersPerHost = false } = options
  return { listen, announce, manyPeersPerHost, trustedProxies: options.trustedProxies ?? [] }
}

export interface TransportComponents {
  readonly privateKey: PrivateKey
  readonly certifier: Certifier
  readonly gossipStreams: StreamHooks
  /** Whom libp2p lets through, in both directions. */
  readonly gater: ConnectionGater
  /** Counts what is written to peers, and what is read. */
  readonly counters: StreamCounters
  /** What libp2p and gossipsub count of themselves. @default nothing */
  readonly meters?: { readonly libp2p: Libp2pMeters; readonly gossipsub: GossipsubMeters }
}

export interface Transport {
  readonly libp2p: Libp2p
  readonly gossipsub: GossipSub
  /** libp2p's own registrar: for what is spoken before certificates. */
  readonly registrar: Registrar
  /** The registrar for everything else: certified connections only. */
  readonly certifiedRegistrar: Registrar
}

/** Bytes on one ping stream: a ping has 32, and those who ping open a stream for each or for some. */
const MAX_PING_BYTES = 64 * 1024

/** The libp2p node, not started: TCP and WebSockets, noise, yamux, identify, ping, and gossipsub behind the certificate gate. */
export async function createTransport(
  options: TransportOptions,
  components: TransportComponents,
): Promise<Transport> {
  const { privateKey, certifier, gossipStreams, gater, counters, meters } = components
  let registrars: { registrar: Registrar; certified: Registrar } | undefined
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    ...(meters === undefined ? {} : { metrics: () => meters.libp2p }),
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    transports: [
      tcp({
        maxConnections: MAX_LISTENER_SOCKETS,
        backlog: 128,
        inboundSocketInactivityTimeout: 120_000,
        outboundSocketInactivityTimeout: 120_000,
      }),
      boundedWebSockets(addressBehind(options.trustedProxies)),
    ],
    connectionEncrypters: [quietNoise()],
    streamMuxers: [
      boundedYamux(
        {
          maxInboundStreams: 64,
          maxOutboundStreams: 64,
          streamOptions: {
            // Smaller than the read buffer, so that a paused stream fills up at the other end, not here.
            maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES,
            maxReadBufferLength: 4 * 1024 * 1024,
            maxWriteBufferLength: 8 * 1024 * 1024,
          },
        },
        { counters },
      ),
    ],
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      maxIncomingPendingConnections: 20,
      inboundConnectionThreshold: options.manyPeersPerHost ? 1_000 : 5,
      maxParallelDials: MAX_PARALLEL_DIALS,
      maxPeerAddrsToDial: 8,
    },
    // It cuts healthy links whose answers are slow. Yamux sees to dead ones, and round trips are measured elsewhere.
    connectionMonitor: { enabled: false },
    connectionGater: gater,
    services: {
      identify: identify(),
      ping: ({ registrar, connectionManager }: PingParts) =>
        ping()({ registrar: limitedRegistrar(registrar, MAX_PING_BYTES), connectionManager }),
      pubsub: (parts: GossipsubParts) => {
        const certified = certifiedRegistrar(parts.registrar, certifier, gossipStreams)
        registrars = { registrar: parts.registrar, certified: certifiedRegistrar(parts.registrar, certifier) }
        const { peerId, peerStore, connectionManager, logger } = parts
        return gossipsub({
          ...gossipsubOptions(options.manyPeersPerHost),
          // Without names of its own: topics are named where they are read.
          ...(meters === undefined
            ? {}
            : { metricsRegister: meters.gossipsub, metricsTopicStrToLabel: new Map() }),
        })({
          privateKey,
          peerId,
          peerStore,
          connectionManager,
          logger,
          registrar: certified,
        })
      },
    },
  })
  if (registrars === undefined) throw new Error('libp2p did not create its services')
  return {
    libp2p,
    gossipsub: libp2p.services.pubsub,
    registrar: registrars.registrar,
    certifiedRegistrar: registrars.certified,
  }
}

type PingParts = Parameters<ReturnType<typeof ping>>[0]
type GossipsubParts = Parameters<ReturnType<typeof gossipsub>>[0]

/** Starts a node of libp2p. @throws MeshError ERR_LISTEN if an address cannot be listened on */
export async function listen(libp2p: Libp2p, addresses: readonly string[] = []): Promise<void> {
  try {
    await libp2p.start()
  } catch (cause) {
    throw new MeshError(
      'ERR_LISTEN',
      `the node cannot listen on ${addresses.join(', ')}: ${(cause as Error).message}`,
      { cause },
    )
  }
}
