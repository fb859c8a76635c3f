import type { Cursor } from '@pastel-mesh/protocol'
import { expect, test } from 'vitest'
import { type ChannelRange, SyncPlace } from '../src/sync/sync-place.ts'
import { LogWriter, seededSigner } from './fixtures/testkit.ts'

const alice = seededSigner('alice')
const CURSOR: Cursor = { store: new Uint8Array(16), position: 7, hash: new Uint8Array(8) }

function range(name: string, channel = 'topic/a'): ChannelRange {
  return { log: new LogWriter({ identity: 'alice', runs: name }, alice).log, first: 0, last: 9, channel }
}

test('a checkpoint belongs to the channels under which it was read', () => {
  const place = new SyncPlace()
  place.advance(['topic/a', 'topic/b'], { cursor: CURSOR, sinceMs: 5 })
  expect(place.checkpoint(['topic/a', 'topic/b'], 5)?.cursor).toBe(CURSOR)
  expect(place.checkpoint(['topic/a'], 5)).toBeUndefined()
  place.keep([['topic/a', 'topic/b'], ['topic/c']])
  expect(place.checkpoint(['topic/a', 'topic/b'], 5)?.cursor).toBe(CURSOR)
  place.keep([['topic/a', 'topic/b', 'topic/c']])
  expect(place.checkpoint(['topic/a', 'topic/b'], 5)).toBeUndefined()
})

test('what did not come is due later and later, in the order of its announcement', () => {
  const place = new SyncPlace()
  const [first, second] = [range('1'), range('2')]
  place.defer(first, 0)
  place.defer(second, 0)
  expect(place.due(999)).toEqual([])
  expect(place.due(1000)).toEqual([first, second])
  place.defer(first, 1000)
  expect(place.due(1000)).toEqual([second])
  expect(place.due(3000)).toEqual([first, second])
  let now = 3000
  const pauses: number[] = []
  for (let i = 0; i < 14; i += 1) {
    place.defer(first, now)
    let pause = 0
    while (!place.due(now + pause).includes(first)) pause += 1000
    pauses.push(pause / 1000)
    now += pause
  }
  expect(pauses).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600, 600, 600, 600])
})

test('what is here is not asked for again', () => {
  const place = new SyncPlace()
  place.defer(range('1'), 0)
  place.settle(range('1'))
  expect(place.due(10_000)).toEqual([])
})

test('an announcement that reaches farther extends what is wanted, and does not hurry it', () => {
  const place = new SyncPlace()
  expect(place.isWaiting(range('1'), 0)).toBe(false)
  place.defer(range('1'), 0)
  expect(place.isWaiting({ ...range('1'), last: 20 }, 500)).toBe(true)
  expect(place.due(1000)).toEqual([{ ...range('1'), last: 20 }])
  expect(place.isWaiting({ ...range('1'), last: 15 }, 1000)).toBe(false)
  expect(place.due(1000)).toEqual([{ ...range('1'), last: 20 }])
})

test('what is new in a log makes it due', () => {
  const place = new SyncPlace()
  for (let i = 0; i < 8; i += 1) place.defer(range('1'), 0)
  place.defer(range('2'), 0)
  place.hurry(range('1').log)
  place.hurry(range('3').log)
  expect(place.due(0)).toEqual([range('1')])
  expect(place.isWaiting(range('1'), 0)).toBe(false)
  // It is as little urgent as before if that was in vain.
  place.defer(range('1'), 0)
  expect(place.due(200_000)).toEqual([range('2')])
})

test('ranges of channels that are not read any more are let go', () => {
  const place = new SyncPlace()
  place.defer(range('1'), 0)
  place.defer(range('2', 'topic/b'), 0)
  place.keep([['topic/b']])
  expect(place.due(10_000)).toEqual([range('2', 'topic/b')])
})

test('remembers a bounded number, and says when there is no room', () => {
  const place = new SyncPlace()
  for (let i = 0; i < 4096; i += 1) expect(place.defer(range(`${i}`), 0)).toBe(true)
  expect(place.defer(range('more'), 0)).toBe(false)
  expect(place.defer(range('5'), 0)).toBe(true)
  place.settle(range('5'))
  expect(place.defer(range('more'), 0)).toBe(true)
})

test('forgetting is everything, and can be noticed', () => {
  const place = new SyncPlace()
  const { generation } = place
  place.advance(['topic/a'], { cursor: CURSOR, sinceMs: 5 })
  place.defer(range('1'), 0)
  place.forget()
  expect(place.checkpoint(['topic/a'], 5)).toBeUndefined()
  expect(place.due(10_000)).toEqual([])
  expect(place.generation).not.toBe(generation)
})

test('a checkpoint is void when a longer history is wanted than when its reading began', () => {
  const place = new SyncPlace()
  place.advance(['topic/a'], { cursor: CURSOR, sinceMs: 1000 })
  expect(place.checkpoint(['topic/a'], 1000)).toMatchObject({ sinceMs: 1000 })
  expect(place.checkpoint(['topic/a'], 5000)).toMatchObject({ sinceMs: 1000 })
  expect(place.checkpoint(['topic/a'], 999)).toBeUndefined()
})

test('what there is to keep changes with what moves, and only then', () => {
  const place = new SyncPlace()
  const moves: boolean[] = []
  const note = (act: () => void) => {
    const { revision } = place
    act()
    moves.push(place.revision !== revision)
  }
  note(() => place.advance(['topic/a'], { cursor: CURSOR, sinceMs: 0 }))
  note(() => place.advance(['topic/a'], { cursor: { ...CURSOR }, sinceMs: 0 }))
  note(() => place.settle(range('1')))
  note(() => place.defer(range('1'), 0))
  note(() => place.isWaiting(range('1'), 0))
  note(() => place.isWaiting({ ...range('1'), last: 20 }, 0))
  note(() => place.keep([['topic/a']]))
  note(() => place.keep([['topic/b']]))
  expect(moves).toEqual([true, false, false, true, false, true, false, true])
})

test('a place goes on as a copy of it, with what is wanted due at once', () => {
  const place = new SyncPlace()
  place.advance(['topic/a'], { cursor: CURSOR, sinceMs: 5 })
  place.defer(range('1'), 1e9)
  const next = new SyncPlace(place.copy())
  expect(next.checkpoint(['topic/a'], 5)?.cursor).toBe(CURSOR)
  expect(next.due(0)).toEqual([range('1')])
})

test('a part that is here, or did not come, takes nothing from what is wanted beyond it', () => {
  const place = new SyncPlace()
  const whole = { ...range('1'), first: 0, last: 100 }
  place.defer(whole, 0)
  place.defer({ ...whole, first: 3, last: 4 }, 0)
  expect(place.due(1e9)).toMatchObject([{ last: 100 }])
  place.settle({ ...whole, first: 0, last: 4 })
  expect(place.due(1e9)).toMatchObject([{ first: 5, last: 100 }])
  place.settle({ ...whole, first: 5, last: 100 })
  expect(place.due(1e9)).toEqual([])
})
