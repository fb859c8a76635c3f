import type { LogRange, SignedBatch } from '@pastel-mesh/protocol'
import type { StoredEntry } from '@pastel-mesh/storage'
import { expect, test } from 'vitest'
import { Gaps } from '../src/sync/gaps.ts'
import { hold } from './fixtures/lose.ts'
import { appendAll, collect, openStore } from './fixtures/storage.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const LOST_AFTER_MS = 60_000

/** What is missing of the log, as a peer denies it. */
const MISSING = { first: 0, last: 3 }

/** More rounds than a peer is asked for one gap. */
const MANY = 50

/** A store that holds a batch behind messages that are missing, and a clock that stands until it is moved. */
async function openGaps() {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'alice' })
  const missing = [await writer.write({ count: 3 }), await writer.write()] as const
  const behind = await writer.write()
  await hold(store, behind)
  let nowMs = 1_000
  const gaps = new Gaps({ lostAfterMs: LOST_AFTER_MS }, { store, now: () => nowMs })
  await gaps.refresh()
  const range = (change: Partial<LogRange> = {}): LogRange => ({ log: writer.log, ...MISSING, ...change })
  return {
    gaps,
    store,
    writer,
    missing,
    range,
    pass(ms: number) {
      nowMs += ms
    },
    settle: async (...reachable: string[]) => [...(await gaps.settle(new Set(reachable)))],
    /** Asks a peer, which denies what it is asked for. */
    deny(peer: string): number {
      const asked = gaps.ask(peer)
      gaps.denied(peer, asked)
      return asked.length
    },
    entries: (): Promise<StoredEntry[]> => collect(store.read()),
    /** What stands in the order once the missing range was given up. */
    async expectLost(reason: string): Promise<void> {
      await waitUntil(() => store.end === 2, { what: 'the log to go on' })
      expect(await collect(store.read())).toMatchObject([
        { kind: 'lost', reason, log: writer.log, ...MISSING },
        { kind: 'batch', signed: { batch: { first: 4 } } },
      ])
      expect(await store.gaps(10)).toEqual([])
    },
  }
}

test('with nobody to reach nothing is ever lost', async () => {
  const { gaps, store, settle, deny, pass } = await openGaps()
  deny('bob')
  for (let i = 0; i < MANY; i += 1) {
    pass(LOST_AFTER_MS)
    expect(await settle()).toEqual([])
    await gaps.refresh()
  }
  expect(store.end).toBe(0)
  expect(gaps.size).toBe(1)
})

test('a peer that denied it is not asked again, until the time is over', async () => {
  const { gaps, range, deny, settle, pass } = await openGaps()
  expect(gaps.ask('bob')).toMatchObject([{ ...range(), channel: 'topic/test' }])
  gaps.denied('bob', [range()])
  expect(gaps.ask('bob')).toEqual([])
  expect(await settle('bob')).toEqual([])
  expect(deny('bob')).toBe(0)
  pass(LOST_AFTER_MS)
  expect(await settle('bob')).toEqual(['bob'])
  expect(deny('bob')).toBe(1)
})

test('it is lost when all have denied it, and once more after the time', async () => {
  const { store, settle, deny, pass, expectLost } = await openGaps()
  deny('bob')
  expect(await settle('bob', 'carol')).toEqual(['carol'])
  pass(LOST_AFTER_MS - 1)
  // The time begins when the last has denied it.
  expect(await settle('bob', 'carol')).toEqual(['carol'])
  deny('carol')
  await settle('bob', 'carol')
  pass(LOST_AFTER_MS - 1)
  expect(await settle('bob', 'carol')).toEqual([])
  expect(deny('bob')).toBe(0)
  pass(1)
  expect(new Set(await settle('bob', 'carol'))).toEqual(new Set(['bob', 'carol']))
  deny('bob')
  expect(await settle('bob', 'carol')).toEqual(['carol'])
  expect(store.end).toBe(0)
  deny('carol')
  await settle('bob', 'carol')
  await expectLost('denied')
})

test('somebody new is asked before it is lost', async () => {
  const { store, settle, deny, pass, expectLost } = await openGaps()
  deny('bob')
  await settle('bob')
  pass(LOST_AFTER_MS)
  await settle('bob')
  deny('bob')
  expect(await settle('bob', 'dave')).toEqual(['dave'])
  expect(store.end).toBe(0)
  deny('dave')
  await settle('bob', 'dave')
  await expectLost('denied')
})

test('who comes again is asked again, but not for ever', async () => {
  const { gaps, deny } = await openGaps()
  expect(deny('bob')).toBe(1)
  expect(deny('bob')).toBe(0)
  let asked = 0
  for (let i = 0; i < MANY; i += 1) {
    gaps.returned('bob')
    asked += deny('bob')
  }
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThan(MANY)
})

test('who has gone need not deny it', async () => {
  const { settle, deny, pass, expectLost } = await openGaps()
  deny('bob')
  await settle('bob', 'carol')
  await settle('bob')
  pass(LOST_AFTER_MS)
  await settle('bob')
  deny('bob')
  await settle('bob')
  await expectLost('denied')
})

test('a peer that neither brings nor denies it does not hold it up for ever', async () => {
  const { gaps, settle, deny, pass, expectLost } = await openGaps()
  for (const _round of ['first', 'last']) {
    deny('bob')
    let asked = 0
    while (gaps.ask('silent').length > 0) {
      asked += 1
      expect(asked).toBeLessThan(MANY)
    }
    expect(asked).toBeGreaterThan(1)
    await settle('bob', 'silent')
    pass(LOST_AFTER_MS)
    await settle('bob', 'silent')
  }
  await expectLost('denied')
})

test('its sender does not have it any more: it is lost at once', async () => {
  const { gaps, range, expectLost } = await openGaps()
  await gaps.pruned(seededSigner('alice').publicKey, [range({ last: 7 })])
  await expectLost('pruned')
})

test.each([
  ['somebody else', 'bob', {}],
  ['the sender, of only a part', 'alice', { first: 1 }],
  ['the sender, of only another part', 'alice', { last: 2 }],
] as const)('that %s has removed it ends nothing', async (_who, identity, change) => {
  const { gaps, store, range } = await openGaps()
  await gaps.pruned(seededSigner(identity).publicKey, [range(change)])
  expect(store.end).toBe(0)
  expect(await store.gaps(10)).toHaveLength(1)
})

test.each([{ first: 1 }, { last: 2 }, { first: 9, last: 9 }])(
  'who denies only a part is asked again: %o',
  async (part) => {
    const { gaps, range } = await openGaps()
    gaps.ask('bob')
    gaps.denied('bob', [range(part)])
    expect(gaps.ask('bob')).toHaveLength(1)
    gaps.denied('bob', [range()])
    expect(gaps.ask('bob')).toEqual([])
  },
)

test('when a part of it comes, who denied it all is not asked for the rest, others are', async () => {
  const { gaps, store, missing, deny, range } = await openGaps()
  deny('bob')
  await appendAll(store, [missing[0]])
  await gaps.refresh()
  expect(gaps.ask('bob')).toEqual([])
  expect(gaps.ask('carol')).toMatchObject([{ ...range({ first: 3 }), channel: 'topic/test' }])
})

test('who denied one gap of a log is asked for the next', async () => {
  const { gaps, store, writer, missing, deny, range } = await openGaps()
  await writer.write({ count: 2 })
  await hold(store, await writer.write())
  deny('bob')
  await appendAll(store, missing)
  await waitUntil(() => store.end === 5, { what: 'the first held batch to enter the order' })
  await gaps.refresh()
  expect(gaps.ask('bob')).toMatchObject([{ ...range({ first: 5, last: 6 }), channel: 'topic/test' }])
})

test('what came need not be asked for any more, and is not given up', async () => {
  const { gaps, store, missing, settle, deny, pass, entries } = await openGaps()
  deny('bob')
  await settle('bob')
  pass(LOST_AFTER_MS)
  await settle('bob')
  deny('bob')
  await appendAll(store, missing)
  await settle('bob')
  await waitUntil(() => store.end === 5, { what: 'the held batch to enter the order' })
  expect((await entries()).map(({ kind }) => kind)).toEqual(['batch', 'batch', 'batch'])
  await gaps.refresh()
  expect(gaps.size).toBe(0)
})

test('while the node is cut off no time passes', async () => {
  const { gaps, store, settle, deny, pass } = await openGaps()
  deny('bob')
  await settle('bob')
  pass(LOST_AFTER_MS - 1)
  gaps.cutOff()
  pass(60 * LOST_AFTER_MS)
  for (let i = 0; i < 2; i += 1) {
    await gaps.refresh()
    expect(await settle('bob')).toEqual([])
    deny('bob')
  }
  expect(store.end).toBe(0)
})

test('while somebody has not denied it no time passes', async () => {
  const { store, settle, deny, pass } = await openGaps()
  deny('bob')
  await settle('bob')
  pass(LOST_AFTER_MS - 1)
  expect(await settle('bob', 'carol')).toEqual(['carol'])
  pass(1)
  deny('carol')
  expect(await settle('bob', 'carol')).toEqual([])
  deny('bob')
  deny('carol')
  await settle('bob', 'carol')
  expect(store.end).toBe(0)
})

test.each(['is there all the time', 'comes again and again'])(
  'a peer that never answers does not hold it up for ever: one that %s',
  async (how) => {
    const { gaps, settle, deny, pass, expectLost } = await openGaps()
    const reconnects = how !== 'is there all the time'
    deny('bob')
    await settle('bob', 'silent')
    for (let i = 0; i < 12; i += 1) {
      pass(LOST_AFTER_MS / 3)
      if (reconnects) gaps.returned('silent')
      await gaps.refresh()
      deny('bob')
      await settle('bob', 'silent')
    }
    await expectLost('denied')
  },
)

test('who denies it and comes again, and again, does not hold it up for ever', async () => {
  const { gaps, settle, deny, pass, expectLost } = await openGaps()
  for (let i = 0; i < 20; i += 1) {
    deny('bob')
    gaps.returned('mallory')
    if (i % 2 === 0) deny('mallory')
    await settle('bob', 'mallory')
    pass(LOST_AFTER_MS / 3)
    await gaps.refresh()
  }
  await expectLost('denied')
})

test('who brings it in many pieces is asked for all of them', async () => {
  const store = await openStore()
  const writer = new LogWriter({ identity: 'alice' })
  const pieces: SignedBatch[] = []
  for (let i = 0; i < MANY; i += 1) pieces.push(await writer.write())
  await hold(store, await writer.write())
  let nowMs = 0
  const gaps = new Gaps({ lostAfterMs: LOST_AFTER_MS }, { store, now: () => nowMs })
  for (const piece of pieces) {
    await gaps.refresh()
    expect(gaps.ask('bob')).toHaveLength(1)
    await appendAll(store, [piece])
    await gaps.settle(new Set(['bob']))
    nowMs += LOST_AFTER_MS
  }
  await waitUntil(() => store.end === MANY + 1, { what: 'the held batch to enter the order' })
})

test('one sender’s gaps, however many, do not keep those of others waiting', async () => {
  const store = await openStore()
  const mallory = seededSigner('mallory')
  const place = async (writer: LogWriter) => {
    await writer.write()
    await hold(store, await writer.write())
    return writer.log
  }
  for (let i = 0; i < 300; i += 1) await place(new LogWriter({ identity: 'mallory', runs: `${i}` }, mallory))
  const carols = await place(new LogWriter({ identity: 'carol' }))
  const gaps = new Gaps({ lostAfterMs: LOST_AFTER_MS }, { store })
  await gaps.refresh()
  const asked = gaps.ask('bob').map(({ log }) => log)
  expect(asked).toHaveLength(256)
  expect(asked).toContain(carols)
})
