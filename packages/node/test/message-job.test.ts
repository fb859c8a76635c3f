import type { ReceivedMessage } from '@pastel-mesh/sdk-node'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isName } from '../../queue/src/add-options.ts'
import { fromJobData, messageJobName, toJobData } from '../src/plugins/message-job.ts'

/** What the data of a job may take. */
const MAX_DATA_BYTES = 512 * 1024

const base = {
  kind: 'message',
  id: 'aaaaaaaaaaaaaaaaaaaaaaaaaa-0',
  sender: 'jXYVYfPmDuJGSXZkfL3KDiZCzH2i84WCyZBH4HgDiynmdEk6xpzLXaRzvJFSW1jRz8vUqk3N8LhNKxgpuKTmNF',
  channel: { kind: 'topic', topic: 'prices' },
  log: 'aaaaaaaaaaaaaaaaaaaaaaaaaa',
  position: 0,
  arrival: 12,
  cursor: 'cursor',
  type: 'message',
  contentType: 'bytes',
  createdAtMs: 1,
  receivedAtMs: 2,
} as unknown as ReceivedMessage

/** As a queue keeps and gives it. */
function kept(message: ReceivedMessage) {
  const text = JSON.stringify(toJobData(message))
  return { bytes: Buffer.byteLength(text), message: fromJobData(JSON.parse(text)) }
}

describe('a message as the data of a job', () => {
  it('comes back as it was', () => {
    const text = fc
      .array(fc.oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff })))
      .map((points) => String.fromCodePoint(...points))
    const headers = fc.dictionary(fc.constantFrom('a', 'of', 'x-y', '0', 'trace-id'), text, {
      maxKeys: 8,
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), headers, (body, headers) => {
        const message = { ...base, body, headers, replyTo: base.id, expiresAtMs: 3, lostAt: 4 }
        expect(kept(message).message).toEqual(message)
      }),
    )
  })

  it('finds room in a job, whatever it is full of', () => {
    for (const character of ['\u0000', '"', 'x', '\u{1F600}']) {
      const value = character.repeat(1_024 / Buffer.byteLength(character))
      const headers = Object.fromEntries(
        Array.from({ length: 32 }, (_, n) => [`${'h'.repeat(62)}${n + 10}`, value]),
      )
      const message = { ...base, body: new Uint8Array(256 * 1024).fill(255), headers }
      const { bytes, message: back } = kept(message)
      expect(bytes).toBeLessThan(MAX_DATA_BYTES)
      expect(back).toEqual(message)
    }
  })
})

describe('the name of its job', () => {
  it('is one of a job, whatever the topic is, and another for another topic', () => {
    expect(messageJobName('greeter', undefined)).toBe('greeter.inbox')
    expect(messageJobName('greeter', 'prices')).toBe('greeter.on.prices')
    const topics = ['eu/prices', 'eu-prices', 'eu.prices', 'eu/prices/', 'p'.repeat(200), 'p'.repeat(201)]
    const names = topics.map((topic) => messageJobName('g'.repeat(32), topic))
    expect(new Set(names).size).toBe(topics.length)
    expect(names.every(isName)).toBe(true)
  })
})
