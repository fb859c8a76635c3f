import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { type NewUserMessage, UserMessageIndex } from '../src/pastel/user-message-index.ts'

const DAY_MS = 24 * 60 * 60_000
const somebody = () => createLocalSigner(generateSeed()).pastelId
const [from, to] = [somebody(), somebody()]
let count = 0

function message(changed: Partial<NewUserMessage> = {}): NewUserMessage {
  count += 1
  const createdAtMs = changed.createdAtMs ?? 1_000_000
  return {
    messageId: `message-${count}`,
    from,
    to,
    content: `content ${count}`,
    createdAtMs,
    expiresAtMs: createdAtMs + 3 * DAY_MS,
    sizeBytes: 100,
    ...changed,
  }
}

const textsAt = (index: UserMessageIndex, user = to, nowMs = 1_000_000) =>
  index.of(user, nowMs).map(({ content }) => content)

test('the same within two minutes is one message; later it is another, with the same number at every node', () => {
  const [one, other] = [new UserMessageIndex(), new UserMessageIndex()]
  const at = (createdAtMs: number) => message({ content: 'ok', createdAtMs })
  const first = one.add(at(1_000_000))
  expect(one.add(at(1_119_999))).toBe(first)
  expect(one.add(at(900_000))).toBe(first)
  const second = one.add(at(1_130_000))
  expect(second.id).not.toBe(first.id)
  expect(one.of(from, 1_130_000)).toEqual([second, first])
  // Another clock, the other way round.
  expect([at(2_000_000), at(3_000_000)].map((added) => other.add(added).id)).toEqual([first.id, second.id])
})

test('what has expired is gone, and what is removed is found no more', () => {
  const index = new UserMessageIndex()
  const [old, young] = [message(), message({ createdAtMs: 2_000_000 })].map((one) => index.add(one))
  expect(index.of(to, 1_000_000 + 3 * DAY_MS)).toEqual([young])
  if (young !== undefined) index.remove(young)
  expect(textsAt(index)).toEqual([])
  expect(index.has(old?.messageId ?? '')).toBe(false)
  expect(index.findSame(young?.content ?? '', 2_000_000)).toBeUndefined()
})

test('one author takes no more than its room with one recipient, nor all authors more than that of the recipient', () => {
  const index = new UserMessageIndex()
  const fill = (amount: number, of: () => Partial<NewUserMessage>) => {
    for (let at = 0; at < amount; at += 1) index.add(message(of()))
  }
  const full = expect.objectContaining({ code: 'ERR_USER_MESSAGES_FULL' })
  fill(100, () => ({}))
  expect(() => index.add(message())).toThrow(full)
  index.add(message({ to: somebody() }))
  fill(900, () => ({ from: somebody() }))
  // Others come in all the same: the oldest of who has the most goes.
  const [oldest] = index.of(to, 1_000_000).reverse()
  const newest = index.add(message({ from: somebody() }))
  expect(index.of(to, 1_000_000)).toHaveLength(1_000)
  expect(index.of(to, 1_000_000)[0]).toBe(newest)
  expect(oldest?.from).toBe(from)
  expect(index.has(oldest?.messageId ?? '')).toBe(false)
  expect(index.of(from, 1_000_000).filter((one) => one.to === to)).toHaveLength(99)
  const large = somebody()
  fill(16, () => ({ from: somebody(), to: large, sizeBytes: 1024 * 1024 }))
  index.add(message({ to: large, sizeBytes: 1 }))
  expect(index.of(large, 1_000_000)).toHaveLength(16)
  // After their time there is room again.
  const createdAtMs = 1_000_000 + 4 * DAY_MS
  expect(index.add(message({ createdAtMs }))).toBeDefined()
})

test('there is a bound for all of it', () => {
  const index = new UserMessageIndex()
  for (let at = 0; at < 10_000; at += 1)
    index.add(message({ from: `from ${Math.max(at, 2)}` as never, to: `to ${at}` as never, sizeBytes: 1 }))
  const all = () => Array.from({ length: 10_000 }, (_, at) => index.of(`to ${at}` as never, 1_000_000)).flat()
  const [oldest] = all()
  expect(all()).toHaveLength(10_000)
  index.add(message())
  expect(all()).toHaveLength(9_999)
  expect(index.has(oldest?.messageId ?? '')).toBe(false)
  // What made room is on disk until its time is over, so that there is an end to that, too.
  const disk = new UserMessageIndex()
  const large = { sizeBytes: 16 * 1024 * 1024 }
  const add = (changed = {}) => disk.add(message({ ...large, from: somebody(), ...changed }))
  for (let at = 0; at < 63; at += 1) add()
  expect(() => add()).toThrow('as many messages of users as it may')
  expect(add({ createdAtMs: 1_000_000 + 4 * DAY_MS })).toBeDefined()
})

test('what expires sooner is gone then, whatever came before it lasts longer', () => {
  const index = new UserMessageIndex()
  const [long] = [message(), message({ expiresAtMs: 2_000_000 })].map((one) => index.add(one))
  expect(index.of(to, 1_999_999)).toHaveLength(2)
  expect(index.of(to, 2_000_000)).toEqual([long])
})
