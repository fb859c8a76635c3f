import { expect, test } from 'vitest'
import { type DecodedBatch, judgeStanding, type Passage } from '../src/inbound/judge.ts'
import type { MemberRegistry } from '../src/index.ts'
import { freshWriter } from './fixtures/inbound.ts'
import { seededSigner } from './fixtures/testkit.ts'

const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => seededSigner(name).pastelId)
const NOW = Date.now()
const LEFT_MS = NOW - 10_000
const CAME_BACK_MS = NOW - 1_000

/** Alice left ten seconds ago, bob was away for nine, carol is a member. */
const registry: MemberRegistry = {
  start: async () => {},
  stop: async () => {},
  memberAt(pastelId, timeMs) {
    const isMember =
      pastelId === carol ||
      (pastelId === alice && timeMs < LEFT_MS) ||
      (pastelId === bob && (timeMs < LEFT_MS || timeMs >= CAME_BACK_MS))
    return isMember ? { pastelId, role: 'member' } : undefined
  },
}

async function judge(identity: string, createdAtMs: number, passage: Passage): Promise<string> {
  const signed = await freshWriter({ identity }).write()
  const batch = { ...signed.batch, createdAtMs }
  const decoded: DecodedBatch = {
    signed: { ...signed, batch },
    messages: [],
    sender: seededSigner(identity).pastelId,
  }
  try {
    judgeStanding(decoded, passage, registry, NOW)
    return 'taken'
  } catch (error) {
    return (error as Error).message
  }
}

const cases: [what: string, identity: string, createdAtMs: number, passage: Passage, verdict: string][] = [
  [
    'gossip of who left, however old',
    'alice',
    LEFT_MS - 1,
    { via: 'gossip', deliverer: carol },
    'not-a-member',
  ],
  [
    'sync from a member of what was made before',
    'alice',
    LEFT_MS - 1,
    { via: 'sync', deliverer: carol },
    'taken',
  ],
  ['sync from itself', 'alice', LEFT_MS - 1, { via: 'sync', deliverer: alice }, 'not-a-member'],
  ['sync from somebody unknown', 'alice', LEFT_MS - 1, { via: 'sync' }, 'not-a-member'],
  ['sync of what was made after', 'alice', LEFT_MS, { via: 'sync', deliverer: carol }, 'not-a-member'],
  [
    'sync of who came back, made meanwhile',
    'bob',
    LEFT_MS,
    { via: 'sync', deliverer: carol },
    'not-a-member',
  ],
  ['sync of who came back, made since', 'bob', CAME_BACK_MS, { via: 'sync', deliverer: bob }, 'taken'],
  ['gossip of who came back', 'bob', NOW, { via: 'gossip' }, 'taken'],
]

test.each(cases)('%s', async (_what, identity, createdAtMs, passage, verdict) => {
  expect(await judge(identity, createdAtMs, passage)).toBe(verdict)
})
