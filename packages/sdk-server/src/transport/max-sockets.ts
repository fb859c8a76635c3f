import { MAX_MONITORING_CONNECTIONS } from '../monitoring/monitoring-server.ts'
import { DEFAULT_MAX_CONNECTIONS } from './http-server.ts'
import { MAX_SOCKET_CONNECTIONS } from './unix-socket-server.ts'

/** Connections that a server may have at a time, and what it listens on: each is a file of the process. */
export const MAX_SERVER_SOCKETS =
  DEFAULT_MAX_CONNECTIONS + MAX_MONITORING_CONNECTIONS + MAX_SOCKET_CONNECTIONS + 3
