import { inspect } from 'node:util'
import {
  createLocalSigner,
  decodeSignature,
  encodeSignature,
  generateSeed,
  parsePastelId,
  signCallerText,
  verifySignature,
} from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { createPasteldSigner } from '../src/index.ts'
import { clientOf } from './fixtures/client.ts'
import { type CoreAnswer, type CoreCall, type ScriptedCore, startCore } from './fixtures/scripted-core.ts'
import { waitUntil } from './fixtures/testkit.ts'
import { PASTEL } from './fixtures/vectors.ts'

const PASSPHRASE = `${PASSPHRASE_PREFIX}correct horse`
const local = createLocalSigner(generateSeed())

/** What a core with one key answers. */
async function answer({
  params: [command, text, pastelId, passphrase, algorithm],
}: CoreCall): Promise<CoreAnswer> {
  if (command === 'list') return { result: [{ PastelID: local.pastelId, legRoastKey: 'x' }] }
  if (pastelId !== local.pastelId || passphrase !== PASSPHRASE || algorithm !== 'ed448') {
    return { error: { code: -1, message: 'Failed to open the key' } }
  }
  return { result: { signature: encodeSignature(await local.sign(String(text))) } }
}

const signerOf = (core: ScriptedCore, options = {}) =>
  createPasteldSigner(
    { pastelId: local.pastelId, passphrase: PASSPHRASE, ...options },
    { client: clientOf(core) },
  )

test('signs as its PastelID by the key that is in the core', async () => {
  const core = await startCore(answer)
  const signer = signerOf(core)
  expect(signer.pastelId).toBe(local.pastelId)
  await signer.check()
  for (const text of ['hello', 'zażółć 🦋', '', 'pastel-mesh/batch/1:00']) {
    expect(await verifySignature(signer.publicKey, text, await signer.sign(text))).toBe(true)
  }
  const checked = core.callsOf('pastelid', 'sign')[0]?.params[1]
  expect(String(checked)).not.toMatch(/^pastel-mesh\//)
})

test('the signatures that the Pastel core made of known texts are passed, and nothing else for them', async () => {
  const pastelId = parsePastelId(PASTEL.pastelId)
  const [first, second] = PASTEL.signed
  const signatures = new Map<unknown, string>([
    [first.text, first.signature],
    [second.text, second.signature],
    // Another text's.
    ['my_message_3__hello_friends', second.signature],
  ])
  const core = await startCore(({ params }) => ({ result: { signature: signatures.get(params[1]) } }))
  const signer = signerOf(core, { pastelId })
  for (const { text, signature } of PASTEL.signed) {
    expect(await signer.sign(text)).toEqual(decodeSignature(signature))
  }
  await expect(signer.sign('my_message_3__hello_friends')).rejects.toMatchObject({
    code: 'ERR_PASTELD_SIGNATURE',
  })
})

test('a core that answers nonsense for a signature', async () => {
  for (const signature of ['A'.repeat(152), 'AAAA', '', null, 7]) {
    const signer = signerOf(await startCore(() => ({ result: { signature } })))
    const code = signature === 'A'.repeat(152) ? 'ERR_PASTELD_SIGNATURE' : 'ERR_PASTELD_ANSWER'
    await expect(signer.sign('text')).rejects.toMatchObject({ code })
  }
})

test('a key that the core does not have, and a passphrase that does not open it, are told apart', async () => {
  const core = await startCore(answer)
  const other = createLocalSigner(generateSeed()).pastelId
  await expect(signerOf(core, { pastelId: other }).check()).rejects.toMatchObject({
    code: 'ERR_PASTELD_KEY',
    message: expect.stringContaining(other),
  })
  const wrong = signerOf(core, { passphrase: 'hunter2' })
  const error = await wrong.check().catch((caught: Error) => caught)
  expect(error).toMatchObject({ code: 'ERR_PASTELD_PASSPHRASE' })
  for (const value of [error, wrong]) {
    expect(inspect(value, { depth: 20, showHidden: true })).not.toContain('hunter2')
  }
  expect(() => signerOf(core, { passphrase: '' })).toThrow(
    expect.objectContaining({ code: 'ERR_PASTELD_PASSPHRASE' }),
  )
})

test('signs several texts at a time', async () => {
  const waiting: (() => void)[] = []
  const core = await startCore(async (call) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return answer(call)
  })
  const signer = signerOf(core)
  const texts = Array.from({ length: 10 }, (_, index) => `text ${index}`)
  const signing = Promise.all(texts.map((text) => signer.sign(text)))
  await waitUntil(() => waiting.length === 10, { what: 'ten calls at once' })
  for (const resolve of waiting) resolve()
  for (const [index, signature] of (await signing).entries()) {
    expect(await verifySignature(signer.publicKey, `text ${index}`, signature)).toBe(true)
  }
})

test('gives up when the caller does, and refuses a text that has no UTF-8 form', async () => {
  const core = await startCore(() => 'silence')
  const signer = signerOf(core)
  const reason = new Error('given up')
  await expect(signer.sign('text', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  await expect(signer.sign('broken \ud800')).rejects.toMatchObject({ code: 'ERR_SIGNATURE_TEXT' })
  expect(core.calls).toHaveLength(0)
  const controller = new AbortController()
  const signing = signer.sign('text', { signal: controller.signal })
  controller.abort(reason)
  await expect(signing).rejects.toBe(reason)
})

test('a text that a caller handed in is not signed if it is one of the protocol', async () => {
  const core = await startCore(answer)
  const signer = signerOf(core)
  await expect(signCallerText(signer, 'pastel-mesh/batch/1:00')).rejects.toMatchObject({
    code: 'ERR_SIGNATURE_TEXT_RESERVED',
  })
  expect(core.calls).toHaveLength(0)
  const signature = await signCallerText(signer, 'hello')
  expect(await verifySignature(signer.publicKey, 'hello', signature)).toBe(true)
})
