import { isPastelId, type PastelId, parsePastelId } from '@pastel-mesh/identity'
import { ProtocolError } from './errors.ts'

/** Lower-case letters, digits and inner hyphens; part of every gossip topic, protocol check and certificate. */
const NETWORK = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/**
 * Parts of letters, digits and `. _ -`, each beginning with a letter or digit, joined by `/`; so no part is empty
 * or a step up, wherever a topic becomes a path.
 */
const TOPIC = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/
const MAX_TOPIC_LENGTH = 100

const ROLE = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/

/** Why something was refused: lower-case letters, digits and inner hyphens; at most 64 characters. */
const REASON = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

const TOPIC_PREFIX = 'topic/'
const INBOX_PREFIX = 'inbox/'

/** Longest legal channel name, in bytes. */
export const MAX_CHANNEL_BYTES = TOPIC_PREFIX.length + MAX_TOPIC_LENGTH

/** What a channel name says. */
export type Channel =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'inbox'; readonly recipient: PastelId }

export function isNetworkName(name: string): boolean {
  return NETWORK.test(name)
}

export function isTopicName(name: string): boolean {
  return name.length <= MAX_TOPIC_LENGTH && TOPIC.test(name)
}

export function isRoleName(name: string): boolean {
  return ROLE.test(name)
}

/** Whether a text from a peer is a reason code such as "not-a-member": short, and safe to show and to log. */
export function isReasonCode(text: string): boolean {
  return REASON.test(text)
}

/** @throws ProtocolError ERR_NETWORK_NAME */
export function assertNetworkName(name: string): void {
  if (!isNetworkName(name)) {
    throw new ProtocolError(
      'ERR_NETWORK_NAME',
      `"${name.slice(0, 64)}" is not a network name: use 1 to 32 lower-case letters, digits and inner hyphens`,
    )
  }
}

/** @throws ProtocolError ERR_TOPIC_NAME */
export function assertTopicName(name: string): void {
  if (!isTopicName(name)) {
    throw new ProtocolError(
      'ERR_TOPIC_NAME',
      `"${name.slice(0, 128)}" is not a topic name: use letters, digits, ".", "_" and "-", in parts joined by "/", each beginning with a letter or digit; at most 100 characters`,
    )
  }
}

/**
 * The channel of a topic.
 * @throws ProtocolError ERR_TOPIC_NAME
 * @example
 * topicChannel('prices') // 'topic/prices'
 */
export function topicChannel(topic: string): string {
  assertTopicName(topic)
  return TOPIC_PREFIX + topic
}

/**
 * The channel of what is for one PastelID alone.
 * @example
 * inboxChannel(parsePastelId('jX…')) // 'inbox/jX…'
 */
export function inboxChannel(recipient: PastelId): string {
  return INBOX_PREFIX + recipient
}

/**
 * Takes a channel name apart.
 * @throws ProtocolError ERR_CHANNEL_NAME
 */
export function parseChannel(name: string): Channel {
  if (name.startsWith(TOPIC_PREFIX)) {
    const topic = name.slice(TOPIC_PREFIX.length)
    if (isTopicName(topic)) return { kind: 'topic', topic }
  } else if (name.startsWith(INBOX_PREFIX)) {
    const recipient = name.slice(INBOX_PREFIX.length)
    if (isPastelId(recipient)) return { kind: 'inbox', recipient: parsePastelId(recipient) }
  }
  throw new ProtocolError(
    'ERR_CHANNEL_NAME',
    `"${name.slice(0, 128)}" is neither topic/<name> nor inbox/<PastelID>`,
  )
}

/**
 * The gossipsub topic that carries a channel's batches. The network is part of it, so that nodes of different
 * networks never mix.
 */
export function gossipTopic(network: string, topic: string): string {
  assertNetworkName(network)
  assertTopicName(topic)
  return `/pastel-mesh/1/${network}/topic/${topic}`
}

/** What a gossipsub topic is called where people read: the topic, or all of its name if it carries something else. */
export function labelOfGossipTopic(name: string): string {
  const at = name.indexOf('/topic/')
  return at < 0 ? name : name.slice(at + '/topic/'.length)
}

/** The gossipsub topic that carries the certificates of a network's nodes. */
export function certificateGossipTopic(network: string): string {
  assertNetworkName(network)
  return `/pastel-mesh/1/${network}/certificates`
}
