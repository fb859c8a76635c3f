import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { compressPayload, encodePayload, openBatch, toWireMessage } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { toStoredBatch } from '../src/stored-entry.ts'
import { Tail } from '../src/tail.ts'
import { append } from './fixtures/batches.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { openStore } from './fixtures/open-store.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

async function entries(count: number, bodyBytes: number, messages = 1) {
  const writer = new LogWriter({ identity: 'alice', signed: false })
  const all = []
  for (let i = 0; i < count; i++) {
    const bodies = Array.from({ length: messages }, () => Buffer.alloc(bodyBytes))
    const signed = await writer.write({ bodies })
    const record = { position: i * messages, count: messages, runningHash: signed.hash, receivedAtMs: 1 }
    all.push(toStoredBatch(record, signed))
  }
  return all
}

test('what the tail drops it lets go', async () => {
  const tail = new Tail()
  const all = await entries(100, 250 * 1024)
  const dropped = all.slice(0, 60).map((entry) => new WeakRef(entry))
  for (const entry of all.splice(0)) tail.push(entry)
  await new Promise(setImmediate)
  collectGarbage()
  expect(dropped.filter((entry) => entry.deref() !== undefined)).toEqual([])
  expect(tail.from(99, 1)).toHaveLength(1)
})

test('the tail counts what decoded messages take, not only their bytes', async () => {
  const tail = new Tail()
  for (const entry of await entries(200, 0, 512)) tail.push(entry)
  const oldest = Array.from({ length: 200 }, (_, i) => i).find((i) => tail.from(i * 512, 1) !== undefined)
  // 8 MiB of decoded messages are some 32,768.
  expect((200 - (oldest as number)) * 512).toBeLessThan(40_000)
})

test('the tail counts what compressed messages take, not only what they are compressed to', async () => {
  const payload = encodePayload([toWireMessage({ bytes: new Uint8Array(200 * 1024) }, 5)])
  const compressed = compressPayload(payload) as Uint8Array
  const writer = new LogWriter({ identity: 'alice', signed: false })
  const tail = new Tail()
  for (let position = 0; position < 100; position += 1) {
    const signed = await writer.write({ change: { encoding: 1, payload: compressed } })
    expect(signed.envelope.length).toBeLessThan(1000)
    const record = { position, count: 1, runningHash: signed.hash, receivedAtMs: 1 }
    tail.push(toStoredBatch(record, signed))
  }
  // 8 MiB of messages are some 40.
  expect(tail.from(50, 1)).toBeUndefined()
  const [last] = tail.from(99, 1) ?? []
  expect(last?.kind === 'batch' && last.messages()[0]?.body.length).toBe(200 * 1024)
})

test('a batch that is a small part of a network frame does not keep the frame', async () => {
  const store = await openStore()
  const { envelope } = await new LogWriter({ identity: 'alice' }).write({ count: 3 })
  const frame = new Uint8Array(1024 * 1024)
  frame.set(envelope, 1000)
  const signed = openBatch(frame.subarray(1000, 1000 + envelope.length))
  const stored = await append(store, signed, { messages: [] })
  expect(stored.envelope).toEqual(envelope)
  for (const bytes of [stored.envelope, stored.signed.batch.payload, stored.signed.batch.sender]) {
    expect(bytes.buffer.byteLength).toBeLessThan(10_000)
  }
  expect(stored.messages()).toHaveLength(3)
})
