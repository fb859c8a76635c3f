import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Listener, MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddrToUri } from '@multiformats/multiaddr-to-uri'
import { WebSocket, type WebSocketServer } from 'ws'
import { MAX_LISTENER_SOCKETS } from './max-sockets.ts'
import type { AddressOf } from './trusted-proxies.ts'

/** Private state of `@libp2p/websockets` 10.1.21; a test pins the shape to this version. */
interface TransportInternals {
  _connect(address: Multiaddr, options: { signal?: AbortSignal }): Promise<WebSocket>
}
interface ListenerInternals {
  readonly wsServer: WebSocketServer
  readonly server: Server
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  onWsServerConnection(websocket: WebSocket, request: IncomingMessage): void
}
interface ConnectionInternals {
  readonly websocket: WebSocket
  sendReset(): void
  sendClose(): Promise<void>
  sendPause(): void
  sendResume(): void
  onRemoteReset(): void
}

/** A socket that is no WebSocket by then is cut off: the HTTP server behind the listener has no limits in time. */
const HANDSHAKE_TIMEOUT_MS = 10_000

/**
 * A WebSocket message is one frame of noise, 64 KiB at most; others may put a few into one. It is collected before
 * the peer is known, and the default is 100 MiB.
 */
const MAX_MESSAGE_BYTES = 256 * 1024

/** Bytes that wait in the socket before writers wait. */
const MAX_BUFFERED_BYTES = 1024 * 1024
/** How soon it is seen that they have left. */
const BUFFERED_POLL_MS = 10

/** The other end has that long to answer that it closes, too. */
const MAX_CLOSE_MS = 1_000

/**
 * `@libp2p/websockets` with the bounds that it lacks. As it comes, a frame against the WebSocket rules, from anybody,
 * ends the process (nobody listens to the error); an aborted connection stays open (it is closed with a code that may
 * not be sent); a silent socket is kept for ever and keeps the listener from closing; pausing has no effect; and
 * dialling leaves its socket open when it is aborted. And whoever comes through a proxy has its address, for all
 * limits by address.
 */
export function boundedWebSockets(addressOf: AddressOf): ReturnType<typeof webSockets> {
  const create = webSockets({
    maxBufferedAmount: MAX_BUFFERED_BYTES,
    bufferedAmountPollInterval: BUFFERED_POLL_MS,
  })
  return (components) => {
    const transport = create(components)
    const dial = transport.dial.bind(transport)
    const createListener = transport.createListener.bind(transport)
    const internals = transport as Transport & TransportInternals
    internals._connect = openWebSocket
    transport.dial = (address, options) => dial(address, { ...options, upgrader: guarded(options.upgrader) })
    transport.createListener = (options) =>
      bound(createListener({ ...options, upgrader: guarded(options.upgrader) }), addressOf)
    return transport
  }
}

/** The upgrader that gets connections with their guards. */
function guarded(upgrader: Upgrader): Upgrader {
  const wrapped: Upgrader = Object.create(upgrader)
  // The prototype's own methods read private fields: they must run on the upgrader itself.
  wrapped.upgradeInbound = (
    maConn: MultiaddrConnection,
    options: Parameters<Upgrader['upgradeInbound']>[1],
  ) => upgrader.upgradeInbound(guard(maConn), options)
  wrapped.upgradeOutbound = (
    maConn: MultiaddrConnection,
    options: Parameters<Upgrader['upgradeOutbound']>[1],
  ) => upgrader.upgradeOutbound(guard(maConn), options)
  return wrapped
}

function guard(maConn: MultiaddrConnection): MultiaddrConnection {
  const internals = maConn as MultiaddrConnection & ConnectionInternals
  const { websocket } = internals
  const onRemoteReset = internals.onRemoteReset.bind(maConn)
  websocket.on('error', (error) => maConn.abort(error))
  internals.sendReset = () => websocket.terminate()
  internals.sendClose = async () => closeSoon(websocket)
  internals.sendPause = () => websocket.pause()
  internals.sendResume = () => websocket.resume()
  // The end that an abort causes would be told a second time, as the other end's doing.
  internals.onRemoteReset = () => {
    if (maConn.status === 'open' || maConn.status === 'closing') onRemoteReset()
  }
  return maConn
}

/** Closes after what was written; cuts if the other end does not let that happen. */
function closeSoon(websocket: WebSocket): void {
  const timer = setTimeout(() => websocket.terminate(), MAX_CLOSE_MS)
  websocket.once('close', () => clearTimeout(timer))
  // A paused socket would not hear the answer.
  websocket.resume()
  websocket.close()
}

function bound(listener: Listener, addressOf: AddressOf): Listener {
  const internals = listener as Listener & ListenerInternals
  const { server, wsServer } = internals
  const deadlines = new Map<Duplex, NodeJS.Timeout>()
  const onUpgrade = internals.onUpgrade.bind(listener)
  const onConnection = internals.onWsServerConnection.bind(listener)
  const close = listener.close.bind(listener)
  wsServer.options.maxPayload = MAX_MESSAGE_BYTES
  server.maxConnections = MAX_LISTENER_SOCKETS
  const settled = (socket: Duplex) => {
    clearTimeout(deadlines.get(socket))
    deadlines.delete(socket)
  }
  server.prependListener('connection', (socket: Socket) => {
    deadlines.set(
      socket,
      setTimeout(() => socket.destroy(), HANDSHAKE_TIMEOUT_MS),
    )
    socket.on('error', () => socket.destroy())
    socket.once('close', () => settled(socket))
  })
  internals.onUpgrade = (request, socket, head) => {
    settled(socket)
    onUpgrade(request, socket, head)
  }
  internals.onWsServerConnection = (websocket, request) => {
    const { remotePort } = request.socket
    const socket = { value: { remoteAddress: addressOf(request), remotePort } }
    onConnection(websocket, Object.create(request, { socket }))
  }
  listener.close = async () => {
    const closed = close()
    for (const socket of deadlines.keys()) socket.destroy()
    await closed
  }
  return listener
}

async function openWebSocket(address: Multiaddr, { signal }: { signal?: AbortSignal }): Promise<WebSocket> {
  signal?.throwIfAborted()
  const websocket = new WebSocket(multiaddrToUri(address), {
    // What is encrypted does not get smaller.
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  })
  websocket.binaryType = 'arraybuffer'
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const abort = () => {
    websocket.terminate()
    reject(signal?.reason)
  }
  websocket.once('open', resolve)
  // For good: an error that nobody listens to ends the process.
  websocket.on('error', reject)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    await promise
    return websocket
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
