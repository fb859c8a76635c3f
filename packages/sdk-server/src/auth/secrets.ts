import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 bits: nobody guesses them, so a plain hash is enough to keep. */
const SECRET_BYTES = 32
const ID_BYTES = 8

/** In hexadecimal: it can be told from what stands beside it. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex')
}

/** Names what a secret belongs to; no secret itself. */
export function newId(): string {
  return randomBytes(ID_BYTES).toString('hex')
}

/** What is kept of a secret. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Whether a secret is the one that is kept, in a time that tells nothing of it. */
export function isSecret(secret: string, hash: string): boolean {
  const kept = Buffer.from(hash, 'hex')
  const shown = createHash('sha256').update(secret).digest()
  return kept.length === shown.length && timingSafeEqual(kept, shown)
}
