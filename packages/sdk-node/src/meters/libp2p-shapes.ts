/** How a metric of libp2p is shown. */
export interface Libp2pShape {
  /** Where libp2p's own name says something else. */
  readonly name?: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** Two: libp2p has the values of both in one text, with a space between. */
  readonly labels: readonly string[]
  /** Value of the second label where there is none. */
  readonly rest?: string
}

const listener = { type: 'counter', labels: ['address', 'event'] } as const
const dialer = { type: 'counter', labels: ['event'] } as const
const noise = { type: 'counter', labels: [] } as const

/** By libp2p's name. What is not here is not shown. Each label has as many values as there are kinds of things. */
export const LIBP2P_SHAPES: Readonly<Record<string, Libp2pShape>> = {
  libp2p_connection_manager_connections: {
    name: 'libp2p_connections',
    help: 'Connections, by who opened them; pending ones are not certified or not secured yet',
    type: 'gauge',
    labels: ['direction', 'state'],
    rest: 'open',
  },
  libp2p_protocol_streams_total: {
    name: 'libp2p_protocol_streams',
    help: 'Open streams, by who opened them, and protocol',
    type: 'gauge',
    labels: ['direction', 'protocol'],
    rest: 'unnegotiated',
  },
  libp2p_connection_manager_dials_total: {
    name: 'libp2p_upgrades_total',
    help: 'Connections whose encryption was begun, by who opened them',
    type: 'counter',
    labels: ['direction'],
  },
  libp2p_connection_manager_dial_errors_total: {
    name: 'libp2p_upgrade_errors_total',
    help: 'Of these, those that came to nothing',
    type: 'counter',
    labels: ['direction'],
  },
  libp2p_connection_manager_dials_inbound_errors_total: {
    name: 'libp2p_inbound_upgrade_errors_total',
    help: 'Connections of others that came to nothing, by the name of the error',
    type: 'counter',
    labels: ['error'],
  },
  libp2p_connection_manager_dials_outbound_errors_total: {
    name: 'libp2p_outbound_upgrade_errors_total',
    help: 'Connections of this node that came to nothing after they were made, by the name of the error',
    type: 'counter',
    labels: ['error'],
  },
  libp2p_dial_queue: {
    name: 'libp2p_dial_queue_jobs',
    help: 'Dials of this node: all, running and waiting',
    type: 'gauge',
    labels: ['state'],
  },
  libp2p_tcp_dialer_events_total: { ...dialer, help: 'Dials by TCP, by what became of them, and ends' },
  libp2p_tcp_dialer_errors_total: { ...dialer, help: 'Dials by TCP that failed, by where' },
  libp2p_websockets_dialer_events_total: {
    ...dialer,
    help: 'Dials by WebSockets, by what became of them, and ends',
  },
  libp2p_tcp_listener_events_total: { ...listener, help: 'Connections to a TCP listener, and their ends' },
  libp2p_tcp_listener_errors_total: { ...listener, help: 'What failed at a TCP listener, by where' },
  libp2p_websockets_listener_events_total: {
    ...listener,
    help: 'Connections to a WebSockets listener, and their ends',
  },
  libp2p_websockets_listener_errors_total: {
    ...listener,
    help: 'What failed at a WebSockets listener, by where',
  },
  libp2p_tcp_inbound_connections_total: {
    name: 'libp2p_tcp_inbound_connections',
    help: 'Open connections of a TCP listener',
    type: 'gauge',
    labels: ['address'],
  },
  libp2p_websockets_inbound_connections_total: {
    name: 'libp2p_websockets_inbound_connections',
    help: 'Open connections of a WebSockets listener',
    type: 'gauge',
    labels: ['address'],
  },
  libp2p_noise_xxhandshake_successes_total: { ...noise, help: 'Handshakes of noise that succeeded' },
  libp2p_noise_xxhandshake_error_total: { ...noise, help: 'Handshakes of noise that failed' },
  libp2p_noise_encrypted_packets_total: { ...noise, help: 'Packets that were encrypted' },
  libp2p_noise_decrypted_packets_total: { ...noise, help: 'Packets that were decrypted' },
  libp2p_noise_decrypt_errors_total: { ...noise, help: 'Packets that did not decrypt' },
}
