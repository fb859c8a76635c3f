/**
 * Headers that a node writes to messages in its own inbox that came, or went, by another way than the mesh; in anybody
 * else's batch they mean nothing.
 */
export const CARRIED_HEADER_PREFIX = 'pastel-mesh-'

export const CARRIED_HEADERS = {
  /** Name of the way. */
  via: `${CARRIED_HEADER_PREFIX}via`,
  /** PastelID of the true sender. */
  from: `${CARRIED_HEADER_PREFIX}from`,
  /** PastelID of the true recipient. */
  to: `${CARRIED_HEADER_PREFIX}to`,
  outcome: `${CARRIED_HEADER_PREFIX}outcome`,
} as const
