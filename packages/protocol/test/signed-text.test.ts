import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBatch, openBatch, sha256, signedText } from '../src/index.ts'
import { bytes } from './arbitraries.ts'
import { hex } from './hex.ts'
import { sampleBatch, unsignedEnvelope } from './samples.ts'

describe('the signed text', () => {
  test('names kind and version, and carries the hash in lower-case hex', () => {
    expect(signedText('batch', new Uint8Array(32).fill(0xab))).toBe(`pastel-mesh/batch/1:${'ab'.repeat(32)}`)
    fc.assert(
      fc.property(bytes(32), fc.constantFrom('batch' as const, 'certificate' as const), (hash, kind) => {
        expect(signedText(kind, hash)).toBe(`pastel-mesh/${kind}/1:${hex(hash)}`)
      }),
    )
  })

  test('of a batch hangs on its bytes and not on the signature before them', () => {
    const batch = sampleBatch()
    const envelope = unsignedEnvelope(batch)
    const hash = createHash('sha256').update(encodeBatch(batch)).digest()
    expect(hex(openBatch(envelope).hash)).toBe(hex(hash))
    envelope.fill(0xff, 0, 114)
    expect(hex(openBatch(envelope).hash)).toBe(hex(hash))
    expect(hex(sha256(encodeBatch(batch)))).toBe(hex(hash))
  })
})
