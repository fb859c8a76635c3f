import type { Refusal } from '@pastel-mesh/sdk-node'
import { expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { RefusalTally } from '../src/cli/refusal-tally.ts'

function open(windowMs = 3_600_000) {
  const said: string[] = []
  const tally = new RefusalTally(
    { windowMs },
    {
      isMember: (pastelId) => pastelId.startsWith('jXmember'),
      say: ({ peerId, reason }) => said.push(`${peerId} ${reason}`),
      sayMore: (count) => said.push(`${count} more`),
    },
  )
  onTestFinished(() => tally.flush())
  const add = (peerId: string, change: { pastelId?: string; reason?: string } = {}) =>
    tally.add({ peerId, address: '', by: 'us', reason: 'not-a-member', ...change } as Refusal)
  return { tally, said, add }
}

it('strangers with ever new names are ten lines, and one that counts the others; members are heard beside them', () => {
  const { tally, said, add } = open()
  for (let i = 0; i < 500; i += 1) add(`peer${i}`, { pastelId: `jX${i}` })
  expect(said).toHaveLength(10)
  for (const peerId of ['one', 'two']) add(peerId, { pastelId: 'jXmember', reason: 'superseded' })
  add('one', { pastelId: 'jXmember', reason: 'expired' })
  expect(said.slice(10)).toEqual(['one superseded', 'one expired'])
  tally.flush()
  expect(said.slice(12)).toEqual(['490 more'])
  tally.flush()
  expect(said).toHaveLength(13)
})

it('a flood of strangers does not make a member be told of again', () => {
  const { said, add } = open()
  add('one', { pastelId: 'jXmember' })
  for (let i = 0; i < 2_000; i += 1) add(`peer${i}`)
  add('one', { pastelId: 'jXmember' })
  expect(said.filter((line) => line.startsWith('one'))).toHaveLength(1)
})

it('a minute later there are ten again', async () => {
  const { said, add } = open(20)
  for (let i = 0; i < 11; i += 1) add(`peer${i}`)
  await waitUntil(() => said.includes('1 more'), { what: 'the count' })
  add('later')
  add('peer0')
  expect(said.at(-1)).toBe('later not-a-member')
})
