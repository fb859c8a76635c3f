import { describe, expect, test } from 'vitest'
import {
  encodeBatch,
  encodeDisclosure,
  MAX_DISCLOSURE_BYTES,
  makeEnvelope,
  openDisclosure,
  sha256,
  signedText,
  textOf,
} from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { testSigner } from './identities.ts'
import { sampleBatch, unsignedEnvelope } from './samples.ts'
import { sealedHeader, sealSample } from './sealed-samples.ts'

const { batch, secret } = await sealSample()
const bytes = encodeBatch(batch)
const envelope = makeEnvelope(await testSigner(1).sign(signedText('batch', sha256(bytes))), bytes)

describe('a disclosure', () => {
  test('shows a third party who wrote what to whom', async () => {
    const { sender, recipient, messages, signed } = await openDisclosure(
      encodeDisclosure({ envelope, secret }),
    )
    expect(sender).toBe(testSigner(1).pastelId)
    expect(recipient).toBe(testSigner(2).pastelId)
    expect(messages.map(textOf)).toEqual(['between us'])
    expect(signed.batch.createdAtMs).toBe(sealedHeader.createdAtMs)
  })

  test('with another secret shows nothing', async () => {
    const { secret: other } = await sealSample()
    await expectProtocolError(
      () => openDisclosure(encodeDisclosure({ envelope, secret: other })),
      'ERR_SEAL_OPEN',
    )
  })

  test('of what its sender did not sign shows nothing', async () => {
    await expectProtocolError(
      () => openDisclosure(encodeDisclosure({ envelope: unsignedEnvelope(batch), secret })),
      'ERR_BATCH_SIGNATURE',
    )
  })

  test('is of a direct message', async () => {
    const plain = unsignedEnvelope(sampleBatch())
    await expectProtocolError(
      () => openDisclosure(encodeDisclosure({ envelope: plain, secret })),
      'ERR_DISCLOSURE',
    )
  })

  test('with any byte changed, cut off or appended is refused', async () => {
    const whole = encodeDisclosure({ envelope, secret })
    for (let at = 0; at < whole.length; at += 11) {
      const changed = Uint8Array.from(whole)
      changed[at] = (changed[at] as number) ^ 1
      await expectProtocolError(() => openDisclosure(changed))
    }
    for (const at of [0, 1, 24, 25, 60, 89, 90, 203, 204, whole.length - 1]) {
      await expectProtocolError(() => openDisclosure(whole.subarray(0, at)))
    }
    await expectProtocolError(() => openDisclosure(Buffer.concat([whole, Buffer.of(0)])))
    await expectProtocolError(() => openDisclosure(envelope), 'ERR_DISCLOSURE')
    await expectProtocolError(
      () => openDisclosure(new Uint8Array(MAX_DISCLOSURE_BYTES + 1)),
      'ERR_DISCLOSURE',
    )
  })
})
