import { decodeSignature, parsePastelId } from '@pastel-mesh/identity'
import { describe, expect, test } from 'vitest'
import { decodeEnvelope, encodeEnvelope, verifyEnvelope } from '../src/index.ts'
import { createSender, PUBLIC_KEY } from './fixtures/signed.ts'

const code = (what: string) => expect.objectContaining({ code: `ERR_ENVELOPE_${what}` })

/** Signed by the Pastel core. */
const PASTEL_ID = parsePastelId(
  'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
)
const SIGNED = {
  my_message_1__hello_friends:
    'XUrsiNwSHkgacI1iRcUkC+G82dIkEgVvhzUD1awhICkvqBGUgKho7dAWpwKUhNctRJpayS4F89qAS58urukEYs2l9hPYocK/o6gGlZ3kihkzTf7lYC+dC7VAiShiJmJM85t6GjZ3saA6jxIk/BXgqjgA',
  my_message_2__hello_friends:
    'CEnpEHHxenDkY6/4oOLyhqjt5Y646OKN9JJXOhOz8qWxCC6D/qrDlEeDYQlYhvRgCQKQUbSGkdQAhEXjGPaNv6oWbTO7CLF9RLHeoLGhx5SFHF0L9WVK021G48MolJJqdSdSjUaiVK8bLJlpXzbgTikA',
}

test.each(Object.entries(SIGNED))(
  'what the core signed is good within an envelope: %s',
  async (message, text) => {
    const signature = decodeSignature(text)
    const envelope = { message, messageType: 'greeting', signature, publicKey: PUBLIC_KEY }
    const supernode = { outpoint: 'tx-1', pastelId: PASTEL_ID, publicKey: PUBLIC_KEY }
    await expect(verifyEnvelope(decodeEnvelope(encodeEnvelope(envelope)), supernode)).resolves.toBeUndefined()
    const other = { ...envelope, message: `${message} ` }
    await expect(verifyEnvelope(other, supernode)).rejects.toThrow(code('FORGED'))
  },
)

describe('an envelope is of the supernode that signed its message', async () => {
  const { supernode, envelopeOf } = createSender()
  const envelope = await envelopeOf('zażółć \u{1f98b}\u0000')

  test('whatever its type, which nobody signs', async () => {
    await expect(verifyEnvelope({ ...envelope, messageType: 'other' }, supernode)).resolves.toBeUndefined()
  })

  test('however the list writes the public key', async () => {
    const upper = { ...supernode, publicKey: supernode.publicKey.toUpperCase() }
    await expect(verifyEnvelope(envelope, upper)).resolves.toBeUndefined()
  })

  test('not of another one', async () => {
    await expect(verifyEnvelope(envelope, createSender().supernode)).rejects.toThrow(code('FORGED'))
  })

  test('not with another signature', async () => {
    const signature = envelope.signature.with(3, (envelope.signature[3] as number) ^ 1)
    await expect(verifyEnvelope({ ...envelope, signature }, supernode)).rejects.toThrow(code('FORGED'))
  })

  test('not if it names another masternode', async () => {
    const publicKey = `05${PUBLIC_KEY.slice(2)}`
    await expect(verifyEnvelope({ ...envelope, publicKey }, supernode)).rejects.toThrow(code('PUBLIC_KEY'))
  })

  test('which cannot be said of one that the list knows in part', async () => {
    const { pastelId: _, ...unregistered } = supernode
    await expect(verifyEnvelope(envelope, unregistered)).rejects.toThrow(code('SENDER'))
    await expect(verifyEnvelope(envelope, { ...supernode, publicKey: '' })).rejects.toThrow(code('SENDER'))
  })
})
