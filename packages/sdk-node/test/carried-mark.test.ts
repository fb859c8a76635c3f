import { decodePastelId, type PastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { markOf, withMark, withoutMark } from '../src/carried/carried-mark.ts'
import { seededSigner } from './fixtures/testkit.ts'

const [own, alice] = ['own', 'alice'].map((name) => seededSigner(name).pastelId) as [PastelId, PastelId]
const mark = { via: 'other-way', sender: alice, recipient: own }

test('a mark is believed of what somebody wrote to its own inbox, and of nothing else, and is shown to nobody', () => {
  const headers = withMark({ key: 'value' }, mark)
  expect(markOf({ sender: decodePastelId(own), channel: `inbox/${own}` }, { headers })).toEqual(mark)
  const outcome = withMark({}, { ...mark, outcome: 'unknown' })
  expect(markOf({ sender: decodePastelId(own), channel: `inbox/${own}` }, { headers: outcome })).toEqual({
    ...mark,
    outcome: 'unknown',
  })
  for (const other of [
    { sender: decodePastelId(alice), channel: `inbox/${own}` },
    { sender: decodePastelId(own), channel: `inbox/${alice}` },
    { sender: decodePastelId(own), channel: 'topic/prices' },
  ]) {
    expect(markOf(other, { headers })).toBeUndefined()
  }
  const broken = { ...headers, 'pastel-mesh-from': 'nobody' }
  expect(
    markOf({ sender: decodePastelId(own), channel: `inbox/${own}` }, { headers: broken }),
  ).toBeUndefined()
  expect(withoutMark(headers)).toEqual({ key: 'value' })
  const plain = { key: 'value' }
  expect(withoutMark(plain)).toBe(plain)
})
