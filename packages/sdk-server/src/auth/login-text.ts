/** What a challenge says, beside whom it is for. */
export interface LoginTerms {
  /** Where the client reaches the server: host and port of `uri`. */
  readonly domain: string
  /** As the client wrote it. */
  readonly uri: string
  /** Which node it is. */
  readonly node: string
  readonly nonce: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/**
 * What a PastelID signs to log in. Its first line sets it apart from whatever else that key signs: batches and
 * certificates begin otherwise, and no node signs a text that begins so for somebody else.
 */
export function pastelIdText(
  pastelId: string,
  { domain, uri, node, nonce, issuedAt, expiresAt }: LoginTerms,
): string {
  return [
    'pastel-mesh/login/1',
    `${domain} wants ${pastelId} to log in to node ${node}`,
    `uri: ${uri}`,
    `nonce: ${nonce}`,
    `issued-at: ${issuedAt.toISOString()}`,
    `expires-at: ${expiresAt.toISOString()}`,
  ].join('\n')
}
