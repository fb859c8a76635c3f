import { sha256, signedText } from '../../src/index.ts'
import { testSeed, testSigner } from '../identities.ts'
import { type Json, toJson, unhex } from './json.ts'

/** Signatures that a Pastel node made. */
const EXISTING = {
  publicKey: unhex(
    '173f6aadb9dd72bcfedbdef9ff6cbc02867b13ed73b433e22942f6b93b823e1b2f8bcd5de80418eb3f0ba72e27b90a51073dff77a37aa09c80',
  ),
  signatures: {
    my_message_1__hello_friends:
      'XUrsiNwSHkgacI1iRcUkC+G82dIkEgVvhzUD1awhICkvqBGUgKho7dAWpwKUhNctRJpayS4F89qAS58urukEYs2l9hPYocK/o6gGlZ3kihkzTf7lYC+dC7VAiShiJmJM85t6GjZ3saA6jxIk/BXgqjgA',
    my_message_2__hello_friends:
      'CEnpEHHxenDkY6/4oOLyhqjt5Y646OKN9JJXOhOz8qWxCC6D/qrDlEeDYQlYhvRgCQKQUbSGkdQAhEXjGPaNv6oWbTO7CLF9RLHeoLGhx5SFHF0L9WVK021G48MolJJqdSdSjUaiVK8bLJlpXzbgTikA',
  },
}

export async function makeSignedTexts(): Promise<Json> {
  const signer = testSigner(1)
  const made = []
  for (const [kind, bytes] of [
    ['batch', Buffer.from('pastel')],
    ['certificate', Buffer.from('pastel')],
    ['receipt', Buffer.from('pastel')],
    ['batch', Buffer.alloc(0)],
  ] as const) {
    const hash = sha256(bytes)
    const text = signedText(kind, hash)
    made.push({ seed: testSeed(1), kind, bytes, hash, text, signature: await signer.sign(text) })
  }
  const existing = Object.entries(EXISTING.signatures).map(([text, signature]) => ({
    publicKey: EXISTING.publicKey,
    text,
    signature: Buffer.from(signature, 'base64'),
  }))
  return toJson({ made, existing })
}
