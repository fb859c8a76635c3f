import { describe, expect, test } from 'vitest'
import { type Batch, openBatch, ZERO_HASH } from '../src/index.ts'
import { expectProtocolError } from './expect-protocol-error.ts'
import { sampleBatch, unsignedEnvelope } from './samples.ts'

const run = new Uint8Array(16).fill(1)
const earlier = new Uint8Array(16).fill(2)
const previous = new Uint8Array(32).fill(9)

const open = (changes: Partial<Batch>) => openBatch(unsignedEnvelope(sampleBatch({ run, ...changes }))).batch

describe('the predecessor of a batch', () => {
  test('is nobody at the beginning of everything', () => {
    expect(open({ first: 0, previous: ZERO_HASH }).follows).toBeUndefined()
  })

  test('is the batch before it in its log', () => {
    expect(open({ first: 3, previous }).previous).toEqual(previous)
  })

  test('is the head of an earlier run at the beginning of a later one', () => {
    expect(open({ first: 0, previous, follows: { run: earlier, head: 0 } }).follows).toEqual({
      run: earlier,
      head: 0,
    })
  })

  test.each<[string, Partial<Batch>]>([
    ['named by a batch that begins a log and follows none', { first: 0, previous }],
    ['not named by a batch that continues a log', { first: 1, previous: ZERO_HASH }],
    [
      'not named by a batch that follows an earlier run',
      { first: 0, previous: ZERO_HASH, follows: { run: earlier, head: 4 } },
    ],
    ['in an earlier run after position 0', { first: 1, previous, follows: { run: earlier, head: 4 } }],
    ['in the run itself', { first: 0, previous, follows: { run, head: 4 } }],
    ['in a run of 15 bytes', { first: 0, previous, follows: { run: earlier.slice(1), head: 4 } }],
    ['in a run of 0 bytes', { first: 0, previous, follows: { run: new Uint8Array(0), head: 0 } }],
  ])('is refused when it is %s', async (_what, changes) => {
    await expectProtocolError(() => open(changes), 'ERR_BATCH_FIELD')
  })
})
