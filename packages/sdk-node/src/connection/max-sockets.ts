/** Sockets of one listener: those of all peers, and as many again as come and go without a certificate. */
export const MAX_LISTENER_SOCKETS = 250
/** Peers at a time. */
export const MAX_CONNECTIONS = 200
export const MAX_PARALLEL_DIALS = 50

/** Sockets that a node may have for its peers at a time: each is a file of the process. @param listeners addresses that it listens on */
export function maxPeerSockets(listeners: number): number {
  return listeners * (MAX_LISTENER_SOCKETS + 1) + MAX_CONNECTIONS + MAX_PARALLEL_DIALS
}
