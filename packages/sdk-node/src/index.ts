/**
 * MeshNode: signed, stored messages between supernodes, over libp2p.
 * @packageDocumentation
 */

import type { PrivateKey, TypedEventTarget } from '@libp2p/interface'
import type { PastelId, Signer } from '@pastel-mesh/identity'
import type { MessageInput } from '@pastel-mesh/protocol'
import type { MessageStore } from '@pastel-mesh/storage'
import type { BroughtMessage, Carrier } from './carried/carrier.ts'
import type { Bans } from './connection/bans.ts'
import type { BootstrapStatus } from './connection/bootstrap-status.ts'
import type { KnownNode } from './connection/discovery.ts'
import type { NodeCounters } from './counters.ts'
import type { DeliveryStatus } from './direct/delivery-status.ts'
import type { Sent } from './direct/direct-sender.ts'
import type { MailboxOptions } from './direct/mailboxes.ts'
import type { OutboxOptions, OutboxStatus } from './direct/outbox.ts'
import type { TopicStatus } from './direct/topic-status.ts'
import type { WaitingSummary } from './direct/waiting-messages.ts'
import type { InboundRates } from './inbound/rates.ts'
import type { OpeningRates } from './inbound/sender-openings.ts'
import type { MemberRegistry } from './members/member-registry.ts'
import type { MeshAlert } from './mesh-alert.ts'
import { PastelMeshNode } from './mesh-node.ts'
import type { MeshNodeEvents } from './mesh-node-events.ts'
import type { IsDouble } from './message-reader.ts'
import type { Meter } from './meters/meter.ts'
import type { NodeStanding } from './node-standing.ts'
import type { OnceStatus } from './outbound/once-keys.ts'
import type { Accepted } from './outbound/pending.ts'
import type { InboxOptions, ReadMessagesOptions, SubscribeOptions, UnsharedOptions } from './read-options.ts'
import type { ReceivedEntry, ReceivedMessage } from './received-message.ts'
import type { NodeRetention, RetentionOptions } from './retention-task.ts'
import type { SendOptions } from './send-options.ts'
import type { TopicPeer, WaitForPeersOptions } from './topic-peers.ts'

export { type CarriedMark, markOf } from './carried/carried-mark.ts'
export type { CarriedMessage, HandOutcome } from './carried/carrier.ts'
export type { BanKind } from './connection/ban-target.ts'
export { type Ban, type Banned, type BanOptions, type Bans, MAX_BAN_REASON } from './connection/bans.ts'
export type { BootstrapState, BootstrapStatus } from './connection/bootstrap-status.ts'
export type { Refusal } from './connection/certificate-gate.ts'
export type { CertificateCounters } from './connection/certificate-intake.ts'
export type { ClockState, ClockStatus } from './connection/clock-check.ts'
export type { KnownNode } from './connection/discovery.ts'
export { maxPeerSockets } from './connection/max-sockets.ts'
export type { CertificatePeriod } from './connection/own-certificate.ts'
export { RefusedError } from './connection/refused-error.ts'
export type { Superseded } from './connection/supersession.ts'
export { type AddressOf, addressBehind } from './connection/trusted-proxies.ts'
export type { DropReason, NodeCounters } from './counters.ts'
export type { DeliveryReceipt, DeliveryState, DeliveryStatus } from './direct/delivery-status.ts'
export type { Delivery } from './direct/direct-messages.ts'
export type { Sent } from './direct/direct-sender.ts'
export type { MailboxOptions } from './direct/mailboxes.ts'
export type { OutboxOptions, OutboxStatus } from './direct/outbox.ts'
export { PartlySentError } from './direct/partly-sent-error.ts'
export type { TopicMember, TopicMemberState, TopicStatus } from './direct/topic-status.ts'
export type { WaitingSummary } from './direct/waiting-messages.ts'
export { type FollowMessagesOptions, followMessages } from './follow-messages.ts'
export { abortable } from './inbound/abortable.ts'
export type { InboundRates } from './inbound/rates.ts'
export { DEFAULT_RATES } from './inbound/rates.ts'
export { DEFAULT_OPENING_RATES, type OpeningRates } from './inbound/sender-openings.ts'
export { type Rate, TokenBucket } from './inbound/token-bucket.ts'
export * from './members/index.ts'
export type { MeshAlert } from './mesh-alert.ts'
export type { MeshNodeEvents } from './mesh-node-events.ts'
export type { IsDouble } from './message-reader.ts'
export type { CountMeter, HistogramMeter, Meter, MeterSample } from './meters/meter.ts'
export { generateNodeKey, nodeKeyFromBytes, nodeKeyToBytes } from './node-key.ts'
export type { NodeStanding } from './node-standing.ts'
export type { OnceStatus } from './outbound/once-keys.ts'
export type { Accepted } from './outbound/pending.ts'
export type { InboxOptions, ReadMessagesOptions, SubscribeOptions, UnsharedOptions } from './read-options.ts'
export type { CursorNotice, LostNotice, ReceivedEntry, ReceivedMessage } from './received-message.ts'
export { toReceivedMessage } from './received-message.ts'
export type { NodeRetention, RetentionOptions, RetentionRun, RetentionStatus } from './retention-task.ts'
export type { SendOptions } from './send-options.ts'
export type { TopicPeer, WaitForPeersOptions } from './topic-peers.ts'
export { bytes, type Codec, json, type MessageBody, text } from './topics/codec.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './topics/standard-schema.ts'
export {
  decodeMessage,
  defineTopic,
  type Topic,
  type TopicInput,
  type TopicOutput,
  type TypedEntry,
  type TypedMessage,
  type TypedTopics,
  typedTopics,
} from './topics/typed-topics.ts'
export type { BroughtMessage, Carrier }

export interface NodeOptions {
  /** Nodes of different networks never mix: lower-case letters, digits, hyphens. */
  readonly network: string
  /** Multiaddrs to listen on, of TCP and of WebSockets (`…/ws`). @default ['/ip4/127.0.0.1/tcp/0'] */
  readonly listen?: readonly string[]
  /** Multiaddrs to tell others instead of the ones listened on. @default [] */
  readonly announce?: readonly string[]
  /** Multiaddrs that the node keeps connections to. @default [] */
  readonly bootstrap?: readonly string[]
  /** Topics that the node joins at the start, and stores. @default [] */
  readonly topics?: readonly string[]
  /**
   * Carries every topic that a node of the network announces, 256 at most, 32 because of one PastelID.
   * @default false
   */
  readonly relay?: boolean
  /**
   * Connects to nodes that the address book knows: to six members of each topic, or all of them, and to three nodes
   * in any case. Without it the node dials its bootstrap addresses and what it is told to; the book is kept all the
   * same.
   * @default true
   */
  readonly discover?: boolean
  /** What one peer may deliver, before its batches are verified. @default DEFAULT_RATES */
  readonly peerRates?: InboundRates
  /** What one sender may have delivered. @default DEFAULT_RATES */
  readonly senderRates?: InboundRates
  /** What one sender may begin, runs and channels. @default DEFAULT_OPENING_RATES */
  readonly senderOpenings?: OpeningRates
  /** How often a few peers are asked for what gossip did not bring, in ms. @default 4000 */
  readonly syncIntervalMs?: number
  /**
   * How far back the node wants the history of its topics, in ms: what it takes from a peer that it reads for the first
   * time. What is missing from before is not waited for: an entry `before-history` stands for it. A peer that it has
   * read before is read from there, however long ago; a longer history than before is filled up.
   * @default 3 days
   */
  readonly historyMs?: number
  /**
   * What is missing, and denied by all holders that can be reached, is given up after so long, in ms: an entry
   * `lost` stands for it.
   * @default 60000
   */
  readonly lostAfterMs?: number
  /** What is kept, and for how long. */
  readonly retention?: RetentionOptions
  /** Messages that this node keeps for members that are away. */
  readonly mailbox?: MailboxOptions
  /** Room for direct messages of this node until they are delivered. */
  readonly outbox?: OutboxOptions
  /** How long this node's certificate is good, in ms; renewed at half of it. @default 24 hours */
  readonly certificateLifetimeMs?: number
  /** Messages in one batch at most. Lower values are for measuring what batching brings. @default 512 */
  readonly maxBatchMessages?: number
  /** Many nodes run on one host, as on a developer's machine: no limits by address. @default false */
  readonly manyPeersPerHost?: boolean
  /**
   * Proxies before the WebSockets of `listen`, as addresses or networks such as `10.0.0.0/8`: a peer has the address that
   * they say it has (`X-Forwarded-For`), and all limits and bans by address are of that one. @default []
   */
  readonly trustedProxies?: readonly string[]
}

export interface NodeComponents {
  /** Signs as the node's PastelID. */
  readonly signer: Signer
  /** The node key: Ed25519. */
  readonly nodeKey: PrivateKey
  /** Started and stopped by its owner, before and after the node. */
  readonly store: MessageStore
  readonly registry: MemberRegistry
  /** Another way to members that are not on the mesh. @default there is none */
  readonly carrier?: Carrier
}

/** What others may deliver. */
export type NodeRates = Required<Pick<NodeOptions, 'peerRates' | 'senderRates'>>

/** A peer whose certificate this node accepted. */
export interface PeerInfo {
  readonly peerId: string
  readonly pastelId: PastelId
  readonly address: string
  readonly direction: 'inbound' | 'outbound'
  /** Those that it announces. What a relay carries for others is not among them. */
  readonly topics: readonly string[]
  /** When the connection was opened, in ms since 1970. */
  readonly connectedAtMs: number
  /** Smoothed as in RFC 6298; absent until it was measured. */
  readonly roundTripMs?: number
  /** Mean change from one round trip to the next, as in RFC 3550; absent until there were two. */
  readonly jitterMs?: number
  /** What gossip thinks of it: below zero it broke rules, below -10,000 it is cut off. Absent in events. */
  readonly gossipScore?: number
}

/**
 * A node of the mesh.
 *
 * @example
 * const node = await createNode({ network: 'local', topics: ['prices'] }, { signer, nodeKey, store, registry })
 * await node.start()
 * await node.publish('prices', { json: { usd: 1 } })
 * for await (const entry of node.subscribe('prices', { from: 'start' })) {
 *   if (entry.kind === 'message') console.log(entry.id)
 * }
 */
export interface MeshNode extends TypedEventTarget<MeshNodeEvents> {
  readonly network: string
  readonly pastelId: PastelId
  readonly peerId: string
  /** Topics that the node joined. */
  readonly topics: readonly string[]
  readonly counters: NodeCounters
  /** What libp2p and gossipsub count of themselves, as it is now: bounded, and without names of peers. */
  readonly meters: { read(): Promise<Meter[]> }
  /** Whether it carries the topics of others, too. */
  readonly relay: boolean
  /** Who belongs to the network. */
  readonly registry: MemberRegistry
  /** Whether others take what it publishes. */
  readonly standing: NodeStanding
  /** With whom it has nothing to do. */
  readonly bans: Pick<Bans, 'list' | 'ban' | 'unban'>
  /** What is kept and for how long, and what was removed. */
  readonly retention: NodeRetention

  /** @throws MeshError ERR_LISTEN if an address cannot be listened on */
  start(): Promise<void>
  /** Takes no more messages, waits for those on their way to the disk, hangs up. */
  stop(): Promise<void>

  /** Multiaddrs under which others reach this node, with its PeerId. */
  addresses(): string[]
  /** The peers that are connected, each once. */
  peers(): PeerInfo[]
  /** The addresses of the option `bootstrap`, and how it stands with each; this node's own is left out. */
  bootstrap(): BootstrapStatus[]
  /** What senders did that an operator should know, the newest first: one a log, 1,024 at most. */
  alerts(): MeshAlert[]
  /** The connected peers that subscribe to a topic. @throws ProtocolError ERR_TOPIC_NAME */
  topicPeers(topic: string): TopicPeer[]
  /**
   * Waits until so many peers subscribe to a topic, and gives them.
   * @example
   * await node.waitForPeers('prices', { min: 2, signal: AbortSignal.timeout(10_000) })
   * @throws the signal's reason; ProtocolError ERR_TOPIC_NAME; MeshError ERR_PEER_COUNT, ERR_NOT_STARTED, ERR_STOPPED
   */
  waitForPeers(topic: string, options?: WaitForPeersOptions): Promise<TopicPeer[]>
  /** The nodes that the address book knows, connected or not, 8,192 at most; this node is not among them. */
  knownNodes(): KnownNode[]

  /**
   * Signs a message and stores it; resolves when it is on disk. It is then sent to the topic's subscribers, and
   * log sync brings it to those who are not there now.
   * @throws ProtocolError ERR_TOPIC_NAME; MeshError ERR_MESSAGE, ERR_OUTBOUND_FULL, ERR_NOT_STARTED,
   * ERR_STOPPED, ERR_CLOCK, ERR_SUPERSEDED; StorageError ERR_DISK_RESERVE, ERR_COMMIT_FAILED (whether it is stored is
   * not known; with `once` it is right to try again), ERR_STORE_UNAVAILABLE; with `once` MeshError ERR_ONCE_KEY,
   * ERR_ONCE_DIFFERS, ERR_ONCE_FULL
   */
  publish(topic: string, message: MessageInput, options?: SendOptions): Promise<Accepted>
  /**
   * Publishes many messages, in order, no faster than they are stored. If one is refused the rest is not sent;
   * those before it are stored.
   * @throws as {@link publish}
   */
  publishMany(
    topic: string,
    messages: Iterable<MessageInput> | AsyncIterable<MessageInput>,
    options?: { signal?: AbortSignal },
  ): Promise<Accepted[]>

  /**
   * Seals a message to a member, or to each of some, signs and stores it; resolves when it is on disk. It is pushed to
   * the recipient, or left with mailboxes while that is away, until there is a receipt or it expires: after a week,
   * unless the message says otherwise, 30 days at most. A recipient whose certificate nobody has shown yet: it waits.
   * A message to oneself works.
   * @example
   * const { id } = await node.send(recipient, { text: 'hello' })
   * const { state } = await node.waitForDelivery(id, { signal: AbortSignal.timeout(60_000) })
   * @throws MeshError ERR_PASTELID_LENGTH and the like (malformed), ERR_NOT_A_MEMBER, ERR_OUTBOX_FULL (too much is not
   * delivered yet: nothing was stored), and as {@link publish}; a {@link PartlySentError}, which names them, if it failed
   * after some of the recipients' messages were stored
   */
  send(to: PastelId, message: MessageInput, options?: SendOptions): Promise<Sent>
  send(to: readonly PastelId[], message: MessageInput, options?: SendOptions): Promise<Sent[]>
  /**
   * Sends many messages to one member, or to each of some, in order, no faster than they are stored. Of an array nothing
   * is stored if there is no room for all of it.
   * @throws as {@link send}; after the first message, also to one recipient, a {@link PartlySentError}; the signal's reason
   */
  sendMany(to: readonly PastelId[], messages: readonly MessageInput[]): Promise<Sent[]>
  sendMany(
    to: PastelId,
    messages: Iterable<MessageInput> | AsyncIterable<MessageInput>,
    options?: { signal?: AbortSignal },
  ): Promise<Sent[]>
  /**
   * The groups that have keys of `once`, and begin so: the group of `order/17/reply` is `order/17`.
   * @throws StorageError; MeshError ERR_NOT_STARTED
   */
  onceGroups(prefix?: string): Promise<string[]>
  /**
   * How many keys of `once` are known to be kept, and how many may be. They are counted as the first of them, or
   * {@link onceGroups}, is asked for.
   * @throws MeshError ERR_NOT_STARTED
   */
  onceKeys(): OnceStatus
  /**
   * Forgets the keys of a group: nothing is sent under them again. 8,192 are kept at most.
   * @returns how many there were
   * @throws StorageError; MeshError ERR_NOT_STARTED
   */
  forgetOnce(group: string): Promise<number>
  /**
   * Takes a message in that reached this node by another way than the mesh: into its own inbox, on disk when it resolves,
   * shown and counted everywhere as from its true sender, with `via`. Whoever brings it has verified the sender.
   * @throws as {@link publish}; MeshError ERR_PASTELID_LENGTH and the like
   */
  bringIn(message: BroughtMessage, options?: { signal?: AbortSignal }): Promise<Accepted>
  /**
   * What came to this node's inbox from a place on, then what comes, without end, nothing missed or twice, whichever way
   * it came. What did not come or cannot be read is said by an entry `lost`.
   * @throws StorageError ERR_CURSOR
   */
  inbox(options?: InboxOptions): AsyncGenerator<ReceivedEntry>
  /** How much of the room for direct messages that are not delivered yet is taken. */
  outbox(): OutboxStatus
  /**
   * Whether readers are not shown a message, because they have the same one already: it had to be sealed and sent again.
   * For {@link followMessages}; what this node itself gives leaves them out.
   */
  readonly isDouble: IsDouble
  /** Direct messages that wait for their recipients' certificates, 2,000 at most, in the order of their acceptance. */
  waiting(): WaitingSummary[]
  /**
   * What is known of the delivery of a direct message of this node.
   * @throws MeshError ERR_UNKNOWN_MESSAGE, ERR_NO_RECIPIENT; ProtocolError ERR_MESSAGE_ID
   */
  status(id: string): Promise<DeliveryStatus>
  /**
   * Waits until that does not change any more: delivered, rejected, lost or expired.
   * @throws as {@link status}; the signal's reason; MeshError ERR_STOPPED
   */
  waitForDelivery(id: string, options?: { signal?: AbortSignal }): Promise<DeliveryStatus>
  /**
   * Who stores a message of this node to a topic, of the members that announce it: those that are connected and have not
   * said so yet are asked now, and answer with signed receipts, each at most one a second.
   * @throws MeshError ERR_UNKNOWN_MESSAGE, ERR_NO_TOPIC, ERR_NOT_OWN_MESSAGE, ERR_NOT_STARTED, ERR_STOPPED;
   * ProtocolError ERR_MESSAGE_ID; the signal's reason
   */
  topicStatus(id: string, options?: { signal?: AbortSignal }): Promise<TopicStatus>

  /**
   * Joins a topic: its messages are taken in and stored. A node carries 256 topics at most.
   * @throws ProtocolError ERR_TOPIC_NAME; MeshError ERR_TOO_MANY_TOPICS
   */
  join(topic: string): void
  /** Leaves a topic; what is stored stays. */
  leave(topic: string): void
  /** Begins to carry the topics of others, or leaves those that it carries for others only. */
  setRelay(on: boolean): void
  /** Other rates from now on, those of peers and senders that were seen included. */
  setRates(rates: NodeRates): void

  /**
   * The messages of a topic, own ones included: those stored from a place on, then those that come, without end,
   * nothing missed or twice. What is not there is said by an entry of its own: `lost` and `before-history` for
   * ranges of a sender's log, `pruned` and `foreign-cursor` for the place that was given. Joins the topic. A
   * reader that is slow reads from the disk; nothing piles up.
   * @throws StorageError ERR_CURSOR
   */
  subscribe(topic: string, options?: SubscribeOptions): AsyncGenerator<ReceivedEntry>
  /** What is stored now; the same entries. @throws StorageError ERR_CURSOR */
  messages(options?: ReadMessagesOptions): AsyncGenerator<ReceivedEntry>
  /**
   * Messages of this node to topics that no other member holds as far as this node knows, in the order of their
   * arrival: what would be lost with its data folder. Rather too many than too few: others say only now and then,
   * and of whole stretches, what they hold. Of a cursor that is not of this store none is before it.
   * @throws StorageError ERR_CURSOR
   */
  unshared(options?: UnsharedOptions): AsyncGenerator<ReceivedMessage>

  /**
   * Connects to a PastelID that the address book knows, to a multiaddr, or to `address:port` or
   * `[IPv6 address]:port` by TCP; resolves when both sides accepted each other's certificates. What
   * {@link disconnect} has stopped goes on.
   * @throws MeshError ERR_ADDRESS, ERR_UNKNOWN_PEER, ERR_DIAL, ERR_NOT_CERTIFIED, ERR_BANNED, ERR_NOT_STARTED; a certificate that
   * one of the ends did not accept is a {@link RefusedError}, which says whose and why
   */
  connect(target: string, options?: { signal?: AbortSignal }): Promise<PeerInfo>
  /**
   * Ends the connection to a peer, named as for {@link connect}, and dials it no more until it is connected to
   * again. The peer itself is free to connect.
   * @throws MeshError ERR_ADDRESS, ERR_NOT_CONNECTED, ERR_NOT_STARTED
   */
  disconnect(target: string): Promise<void>
}

/** A node, not started. @throws ProtocolError ERR_NETWORK_NAME, ERR_TOPIC_NAME; MeshError ERR_ADDRESS */
export async function createNode(options: NodeOptions, components: NodeComponents): Promise<MeshNode> {
  return PastelMeshNode.create(options, components)
}
