import * as crypto from 'node:crypto'

/** The inputs of Argon2id, version 1.3, with one lane. */
export interface Argon2idInput {
  readonly message: Uint8Array
  /** At least 8 bytes. */
  readonly salt: Uint8Array
  readonly passes: number
  readonly memoryKib: number
  readonly keyBytes: number
}

/**
 * Argon2id as Node has it, in a thread of its own and in half the time; in WebAssembly where it has none: before 24.7,
 * and where it was built on an OpenSSL before 3.2.
 */
export async function argon2id(input: Argon2idInput): Promise<Uint8Array> {
  try {
    return await nativeArgon2id(input)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== NOT_SUPPORTED) throw error
    return await wasmArgon2id(input)
  }
}

const NOT_SUPPORTED = 'ERR_CRYPTO_ARGON2_NOT_SUPPORTED'

/** Fails with `ERR_CRYPTO_ARGON2_NOT_SUPPORTED` where Node has none. */
export function nativeArgon2id(input: Argon2idInput): Promise<Uint8Array> {
  const { message, salt, passes, memoryKib, keyBytes } = input
  return new Promise((resolve, reject) => {
    // No import by its name: that would fail where it is missing.
    if (crypto.argon2 === undefined) {
      throw Object.assign(new Error('this Node has no Argon2'), { code: NOT_SUPPORTED })
    }
    crypto.argon2(
      'argon2id',
      { message, nonce: salt, passes, memory: memoryKib, parallelism: 1, tagLength: keyBytes },
      (error, key) => (error ? reject(error) : resolve(new Uint8Array(key))),
    )
  })
}

export async function wasmArgon2id(input: Argon2idInput): Promise<Uint8Array> {
  const wasm = await import('hash-wasm')
  return wasm.argon2id({
    password: input.message,
    salt: input.salt,
    iterations: input.passes,
    memorySize: input.memoryKib,
    parallelism: 1,
    hashLength: input.keyBytes,
    outputType: 'binary',
  })
}
