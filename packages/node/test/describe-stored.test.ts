import type { PastelId } from '@pastel-mesh/identity'
import type { StoredByOutput } from '@pastel-mesh/sdk-server'
import { expect, it } from 'vitest'
import { describeStored, exitCodeOfStored } from '../src/cli/stored-by.ts'

type State = StoredByOutput['members'][number]['state']

function storedBy(...members: [name: string, state: State, reason?: string][]): StoredByOutput {
  return {
    id: 'x-0',
    topic: 'orders',
    stored: members.filter(([, state]) => state === 'stored').length,
    members: members.map(([name, state, reason]) => ({
      pastelId: `jX${name}` as PastelId,
      state,
      ...(reason === undefined ? {} : { reason }),
    })),
  }
}

it.each([
  [storedBy(), 'nobody else announces orders, as far as this node knows', 2],
  [storedBy(['a', 'stored']), 'stored by 1 of 1 member that announces orders', 0],
  [
    storedBy(['a', 'stored'], ['b', 'not-yet'], ['c', 'stored'], ['d', 'not-yet']),
    'stored by 2 of 4 members that announce orders; not yet: jXb, jXd',
    2,
  ],
  [
    storedBy(
      ['a', 'unknown', 'not-connected'],
      ['b', 'unknown', 'no-answer'],
      ['c', 'unknown', 'wrong-answer'],
    ),
    'stored by 0 of 3 members that announce orders; not connected: jXa; no answer: jXb; wrong answer: jXc',
    2,
  ],
  [
    storedBy(['a', 'stored'], ['b', 'rejected', 'pruned'], ['c', 'rejected', 'frozen'], ['d', 'lost']),
    'stored by 1 of 4 members that announce orders; removed again: jXb; refused (frozen): jXc; went on without it: jXd',
    1,
  ],
] as const)('%j is told in a line, and by the exit code', (stored, text, code) => {
  expect([describeStored(stored), exitCodeOfStored(stored)]).toEqual([text, code])
})

it('of many members some are named', () => {
  const many = Array.from({ length: 12 }, (_, i): [string, State] => [String(i), 'not-yet'])
  expect(describeStored(storedBy(...many))).toMatch(/not yet: (jX\d, ){9}jX9 and 2 more$/)
})
