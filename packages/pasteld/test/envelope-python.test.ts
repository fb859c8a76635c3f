import { randomBytes } from 'node:crypto'
import { decodeSignature, encodeSignature } from '@pastel-mesh/identity'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeEnvelope, type Envelope, encodeEnvelope, verifyEnvelope } from '../src/index.ts'
import { envelopeOf } from './fixtures/frames.ts'
import {
  type Answer,
  inPython,
  missingForPython,
  type ReadByPython,
  type WrittenEnvelope,
} from './fixtures/python-envelopes.ts'
import { createSender, PUBLIC_KEY } from './fixtures/signed.ts'

const missing = missingForPython()
if (missing !== undefined) console.warn(missing)

/** Every character below U+0800, some of the others, and what is outside of the basic plane. */
const CHARACTERS = `${Array.from({ length: 0x800 }, (_, i) => String.fromCharCode(i)).join('')}\u2028\u2029\ufeff\ufffe\ue000漢字\u{1f98b}\u{10ffff}`
const MESSAGES = {
  'one word': 'hello',
  'no character': '',
  'more than ASCII': 'zażółć gęślą jaźń \u{1f98b}',
  'every kind of character': CHARACTERS,
  '200 KB': `zażółć ${randomBytes(150_000).toString('base64')}`,
  'JSON of 10 KB': JSON.stringify(
    Array.from({ length: 250 }, (_, id) => ({ id, pair: 'PSL/USD', zł: `${id * 7}` })),
  ),
}
const names = Object.keys(MESSAGES) as (keyof typeof MESSAGES)[]

/** The Python layer takes level 20, with both. */
const SHAPES = [22, 20, 3].flatMap((level) =>
  [true, false].flatMap((contentSize) => [true, false].map((checksum) => ({ level, contentSize, checksum }))),
)

const written = ({ signature, ...rest }: Envelope): WrittenEnvelope => ({
  ...rest,
  signature: encodeSignature(signature),
})

function answered(answer: Answer | undefined): ReadByPython | string {
  if (answer === undefined || 'error' in answer) throw new Error(`Python: ${answer?.error}`)
  return answer.value
}

describe.skipIf(missing !== undefined)('envelopes of Python and ours are the same:', () => {
  const sender = createSender()
  const envelopes = new Map<string, Envelope>()
  beforeAll(async () => {
    for (const name of names) envelopes.set(name, await sender.envelopeOf(MESSAGES[name], `type ż ${name}`))
  })

  test.each(SHAPES)(
    'made there at level $level, with content size $contentSize, checksum $checksum, they are read here',
    async (shape) => {
      const made = [...envelopes.values()]
      const answers = inPython(
        made.map((envelope) => ({ do: 'make', ...shape, envelope: written(envelope) })),
      )
      expect(answers).toHaveLength(names.length)
      for (const [i, envelope] of made.entries()) {
        const read = decodeEnvelope(answered(answers[i]) as string)
        expect(read, names[i]).toEqual(envelope)
        await verifyEnvelope(read, sender.supernode)
      }
    },
  )

  test('made here they are read there, to the byte as Python would write them', () => {
    const answers = inPython(
      [...envelopes.values()].map((envelope) => ({ do: 'read', text: encodeEnvelope(envelope) })),
    )
    expect(answers).toHaveLength(names.length)
    for (const [i, envelope] of [...envelopes.values()].entries()) {
      expect(answered(answers[i]), names[i]).toEqual({
        keys: ['message', 'message_type', 'signature', 'sending_sn_pubkey'],
        envelope: written(envelope),
        asPythonWritesIt: true,
        contentSize: true,
        checksum: true,
      })
    }
  })

  test('what has no content size is read here alone', () => {
    const envelope = written(envelopes.get('one word') as Envelope)
    const [made] = inPython([{ do: 'make', level: 3, contentSize: false, checksum: false, envelope }])
    const text = answered(made) as string
    expect(decodeEnvelope(text).message).toBe('hello')
    expect(inPython([{ do: 'read', text }])).toEqual([{ error: expect.stringMatching(/content size/) }])
  })

  test('of a key that is there twice both take the last', () => {
    const signature = 'A'.repeat(152)
    const json = `{"message":"first","message":"last","message_type":"t","signature":"${signature}","sending_sn_pubkey":"${PUBLIC_KEY}","message_type":"u"}`
    expect(inPython([{ do: 'parse', json }])).toEqual([{ value: 'last' }])
    expect(decodeEnvelope(envelopeOf(json))).toEqual({
      message: 'last',
      messageType: 'u',
      signature: decodeSignature(signature),
      publicKey: PUBLIC_KEY,
    })
  })

  test.each([1024, 512])('%i MiB of zeros that Python compressed are refused', (mebibytes) => {
    const text = answered(inPython([{ do: 'bomb', mebibytes }])[0]) as string
    expect(text.length).toBeLessThan(64 * 1024)
    expect(() => decodeEnvelope(text)).toThrow(expect.objectContaining({ code: 'ERR_ENVELOPE_TOO_LARGE' }))
  })
})
