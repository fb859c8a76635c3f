import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { argon2id, nativeArgon2id, wasmArgon2id } from '../src/argon2id.ts'

describe('Argon2id', () => {
  it('is the same in Node and in WebAssembly', async () => {
    const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
    const input = fc.record({
      message: bytes(0, 200).map((some) => Uint8Array.of(1, ...some)),
      salt: bytes(16, 16),
      passes: fc.integer({ min: 1, max: 3 }),
      memoryKib: fc.integer({ min: 8, max: 512 }),
      keyBytes: fc.constant(32),
    })
    await fc.assert(
      fc.asyncProperty(input, async (given) => {
        expect(await nativeArgon2id(given)).toEqual(await wasmArgon2id(given))
      }),
      { numRuns: 50 },
    )
  })

  const input = {
    message: Buffer.from('cheap'),
    salt: new Uint8Array(16),
    passes: 2,
    memoryKib: 64 * 1024,
    keyBytes: 32,
  }
  const key = '437854b255a3aaf3b111f046afb0da69a147665bd3f0721256eeec7da45a11a3'

  it('is Node’s where Node has it', async () => {
    const native = vi.spyOn(crypto, 'argon2')
    syncBuiltinESMExports()
    onTestFinished(() => {
      native.mockRestore()
      syncBuiltinESMExports()
    })
    expect(Buffer.from(await argon2id(input)).toString('hex')).toBe(key)
    expect(native).toHaveBeenCalledOnce()
  })

  it.each([
    ['before 24.7', undefined],
    [
      'on an old OpenSSL',
      () => {
        throw Object.assign(new Error('Argon2 algorithm not supported'), {
          code: 'ERR_CRYPTO_ARGON2_NOT_SUPPORTED',
        })
      },
    ],
  ])('is there in a Node %s', async (_, argon2) => {
    const own = crypto.argon2
    const replace = (by: unknown) => {
      Object.assign(crypto, { argon2: by })
      syncBuiltinESMExports()
    }
    onTestFinished(() => replace(own))
    replace(argon2)
    expect(Buffer.from(await argon2id(input)).toString('hex')).toBe(key)
  })

  it('is not tried in another way when it fails', async () => {
    await expect(argon2id({ ...input, salt: new Uint8Array(1) })).rejects.toThrow(/nonce/)
  })
})
