import { createHash } from 'node:crypto'
import { generateSeed } from '../src/index.ts'
import { decodeKeyContainer, encodeKeyContainer } from '../src/key-container.ts'
import type { DeriveKey, Secrets } from '../src/key-container-cipher.ts'
import { openContainer, sealContainer } from '../src/key-file.ts'
import { MeshError } from '../src/mesh-error.ts'

/** Instead of Argon2id, where it is not about its being slow. */
const deriveQuickly: DeriveKey = async (passphrase, salt) =>
  new Uint8Array(createHash('sha256').update(salt).update(passphrase).digest())

export const seed = generateSeed()

const publicItems = [{ type: 'pubkey_legroast', data: Buffer.alloc(100, 'x') }] as const

/** The bytes of a key file whose passphrase is `right`, as this program writes it. */
export async function quickKeyFile(more: Partial<Secrets> = {}): Promise<Uint8Array> {
  const options = { derive: deriveQuickly, publicItems, timestampSeconds: 1_700_000_000 }
  return encodeKeyContainer(await sealContainer({ pkey_ed448: seed, ...more }, 'right', options))
}

/** What reading gives: the seed, or the MeshError that was thrown. Anything else that is thrown passes. */
export async function readQuickly(
  bytes: Uint8Array,
  { passphrase = 'right', path = 'key' } = {},
): Promise<Uint8Array | MeshError> {
  try {
    const options = { derive: deriveQuickly }
    return (await openContainer(decodeKeyContainer(bytes, path), passphrase, path, options)).pkey_ed448
  } catch (error) {
    if (error instanceof MeshError) return error
    throw error
  }
}

/** The code of what was thrown, or nothing. */
export function codeOf(result: Uint8Array | MeshError): string | undefined {
  return result instanceof MeshError ? result.code : undefined
}
