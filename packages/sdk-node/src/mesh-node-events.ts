import type { PastelId } from '@pastel-mesh/identity'
import type { DiskStatus, Pruned } from '@pastel-mesh/storage'
import type { Refusal } from './connection/certificate-gate.ts'
import type { ClockStatus } from './connection/clock-check.ts'
import type { Superseded } from './connection/supersession.ts'
import type { Delivery } from './direct/direct-messages.ts'
import type { PeerInfo } from './index.ts'
import type { MemberChange } from './members/member-registry.ts'
import type { MeshAlert } from './mesh-alert.ts'
import type { LostNotice, ReceivedMessage } from './received-message.ts'

/** What a node tells of by itself. */
export interface MeshNodeEvents {
  start: CustomEvent<void>
  stop: CustomEvent<void>
  /** A peer's certificate was accepted, and it accepted ours. */
  connected: CustomEvent<PeerInfo>
  disconnected: CustomEvent<PeerInfo>
  /** A certificate was refused, by this node or by the other. */
  refused: CustomEvent<Refusal>
  /** A peer runs twice, with one data folder: two nodes take turns with its node key. Told at each second turn. */
  runsTwice: CustomEvent<PeerInfo>
  /** An address that the node keeps a connection to cannot be reached; it goes on trying. */
  unreachable: CustomEvent<{ address: string; reason: string }>
  /**
   * A relay carries as many topics as it may, or as many because of this PastelID: this topic, and others, it does
   * not. Told once.
   */
  relayFull: CustomEvent<{ readonly topic: string; readonly pastelId?: PastelId }>
  /** A message of this node or of another is on disk. */
  message: CustomEvent<ReceivedMessage>
  /** Messages of a log are given up, or are older than what is wanted: its log goes on without them. */
  lost: CustomEvent<LostNotice>
  /** Somebody joined or left; connections of those who left are closed. */
  members: CustomEvent<MemberChange>
  /** This node's clock began or ceased to differ from its peers'. While it is `wrong` nothing is published. */
  clock: CustomEvent<ClockStatus>
  /**
   * Another node has this node's PastelID now, and this one publishes no more; with the number of messages that
   * {@link MeshNode.unshared} gives. Told once.
   */
  superseded: CustomEvent<Superseded & { readonly unshared: number }>
  /** A sender contradicted itself, was restored from an older copy, or runs twice. */
  alert: CustomEvent<MeshAlert>
  /**
   * The recipient of direct messages of this node has said what became of some. Told as it happens, and kept nowhere: of
   * a receipt that gets to the disk just before the process ends nobody is told. {@link MeshNode.status} and
   * {@link MeshNode.waitForDelivery} read the disk: after a start, ask them of what was not over.
   */
  delivery: CustomEvent<Delivery>
  /** Retention removed entries. */
  pruned: CustomEvent<Pruned>
  /** The state of the disk changed, or is not `ok` when the node starts. */
  disk: CustomEvent<DiskStatus>
  /** Something failed that no caller waits for. */
  error: CustomEvent<Error>
}
