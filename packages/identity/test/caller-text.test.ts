import { expect, test } from 'vitest'
import { createLocalSigner, generateSeed, signCallerText, verifySignature } from '../src/index.ts'

const signer = createLocalSigner(generateSeed())

test.each(['pastel-mesh/', 'pastel-mesh/batch/1:00', 'pastel-mesh/whatever'])(
  'the text %j is the protocol’s own, and not signed for anybody',
  async (text) => {
    await expect(signCallerText(signer, text)).rejects.toMatchObject({ code: 'ERR_SIGNATURE_TEXT_RESERVED' })
  },
)

test.each(['', 'pastel-mesh', ' pastel-mesh/batch/1:00', 'Pastel-Mesh/', 'hello'])(
  'the text %j is signed as it is',
  async (text) => {
    expect(await verifySignature(signer.publicKey, text, await signCallerText(signer, text))).toBe(true)
  },
)
