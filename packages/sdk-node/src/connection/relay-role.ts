import type { Certificate } from '@pastel-mesh/protocol'

/**
 * The role that the certificate of a relay names: it carries every topic that others announce, and its `topics` are
 * its own. If relays announced what they carry for others, each would go on carrying a topic because the other does.
 */
export const RELAY_ROLE = 'relay'

/** Whether the node of a certificate carries the topics of others. */
export function isRelay({ roles }: Pick<Certificate, 'roles'>): boolean {
  return roles.includes(RELAY_ROLE)
}
