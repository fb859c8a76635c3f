import type { PastelId } from '@pastel-mesh/identity'
import { type Channel, type LogId, parseChannel } from '@pastel-mesh/protocol'
import type { Alert, AlertKind } from '@pastel-mesh/storage'
import { pastelIdOf } from './pastel-id-of.ts'

/** Something about a sender that the operator should know; see `AlertKind`. */
export interface MeshAlert {
  readonly kind: AlertKind
  readonly sender: PastelId
  readonly channel: Channel
  /** The log that showed it. */
  readonly log: LogId
  readonly atMs: number
  readonly reason: string
}

export function toMeshAlert({ kind, sender, channel, log, atMs, reason }: Alert): MeshAlert {
  return { kind, sender: pastelIdOf(sender), channel: parseChannel(channel), log, atMs, reason }
}
