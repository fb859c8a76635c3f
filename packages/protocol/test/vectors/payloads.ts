import {
  decodePayload,
  encodePayload,
  logId,
  type MessageInput,
  makeRun,
  messageId,
  topicChannel,
  toWireMessage,
} from '../../src/index.ts'
import { testSigner } from '../identities.ts'
import { NOW } from '../samples.ts'
import { type Json, toJson, unhex } from './json.ts'

const answered = logId(
  testSigner(2).publicKey,
  topicChannel('prices'),
  makeRun(NOW, unhex('b0b1b2b3b4b5b6b7')),
)

/** A message that uses everything a message has. */
export const everyField: MessageInput = {
  type: 'price.update',
  json: { pair: 'PSL/USD', price: '0.0042' },
  replyTo: messageId(answered, 12),
  headers: { source: 'node-7', 'content-language': 'en', a: '', 'a-b': 'ü' },
}

/** Messages that were accepted a millisecond apart. */
export function payloadOf(inputs: readonly MessageInput[], createdAtMs = NOW): Uint8Array {
  return encodePayload(inputs.map((input, index) => toWireMessage(input, createdAtMs + index)))
}

const lists: Readonly<Record<string, readonly MessageInput[]>> = {
  'one text': [{ text: 'hello' }],
  'every field': [everyField],
  'all content types': [{ bytes: Uint8Array.of(0, 255) }, { text: 'grüße 😀' }, { json: null }],
  'an empty body': [{ bytes: new Uint8Array(0), type: 'ping' }],
  'a body of 200 bytes': [{ bytes: new Uint8Array(200).fill(0xaa) }],
}

export function makePayloads(): Json {
  const payloads = Object.entries(lists).map(([name, inputs]) => {
    const bytes = payloadOf(inputs)
    return toJson({ name, messages: decodePayload(bytes, inputs.length), bytes })
  })
  const repeated = encodePayload([
    { ...toWireMessage({ text: 'hello' }, NOW), repeats: messageId(answered, 3) },
  ])
  payloads.push(toJson({ name: 'sealed again', messages: decodePayload(repeated, 1), bytes: repeated }))
  return payloads
}
