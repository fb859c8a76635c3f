import type { SuperJSONResult } from 'superjson'
import { describe, expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

describe('a list longer than a page', () => {
  it.each([
    ['the newest first', false],
    ['the oldest first', true],
  ])('goes on at `next`, %s, nothing twice or missing', async (_, oldestFirst) => {
    const { path } = await openServer()
    const { messages } = apiOf(path).service
    const ids: string[] = []
    // Pages end within and between batches of different sizes.
    for (const count of [1, 7, 2, 30, 1, 9]) {
      const batch = Array.from({ length: count }, () => ({ text: 'x' }))
      ids.push(...(await messages.publish.mutate({ topic: 'prices', messages: batch })).ids)
    }
    const read: string[] = []
    let from: string | undefined
    do {
      const page = await messages.list.query({
        oldestFirst,
        limit: 4,
        ...(from === undefined ? {} : { from }),
      })
      read.push(...page.messages.map(({ id }) => id))
      from = page.next
    } while (from !== undefined)
    expect(read).toEqual(oldestFirst ? ids : ids.toReversed())
  })

  it.each([
    ['the newest first', false],
    ['the oldest first', true],
  ])('begins anew, and says so, with a cursor of another store: %s', async (_, oldestFirst) => {
    const { path } = await openServer()
    const { messages } = apiOf(path).service
    const batch = Array.from({ length: 3 }, () => ({ text: 'x' }))
    const { ids } = await messages.publish.mutate({ topic: 'prices', messages: batch })
    const wanted = oldestFirst ? ids : ids.toReversed()
    const first = await messages.list.query({ oldestFirst, limit: 1, from: 'A'.repeat(43) })
    expect(first.notices).toEqual([{ kind: 'foreign-cursor', cursor: expect.any(String) }])
    expect(first.messages.map(({ id }) => id)).toEqual(wanted.slice(0, 1))
    const rest = await messages.list.query({ oldestFirst, from: first.next ?? '' })
    expect(rest.notices).toEqual([])
    expect(rest.messages.map(({ id }) => id)).toEqual(wanted.slice(1))
  })

  it('ends early, with `next`, before it takes too much memory', async () => {
    const { path } = await openServer()
    const { messages } = apiOf(path).service
    const text = 'x'.repeat(250_000)
    for (let i = 0; i < 40; i += 10) {
      await messages.publish.mutate({ topic: 'large', messages: Array(10).fill({ text }) })
    }
    const first = await messages.list.query({ limit: 1_000 })
    expect(first.messages).toHaveLength(17)
    const second = await messages.list.query({ limit: 1_000, from: first.next ?? '' })
    const third = await messages.list.query({ limit: 1_000, from: second.next ?? '' })
    expect(third.next).toBeUndefined()
    const all = [first, second, third].flatMap((page) => page.messages.map(({ position }) => position))
    expect(all).toEqual(Array.from({ length: 40 }, (_, i) => 39 - i))
  })

  it.each(['service.messages.list', 'admin.unshared'])(
    'is small on the wire: what messages have in common is not written down for each, by %s',
    async (procedure) => {
      const { path } = await openServer()
      const publish = { topic: 'prices', messages: Array(3).fill({ text: 'x' }) }
      await apiOf(path).service.messages.publish.mutate(publish)
      const { json } = await query(path, procedure, {})
      const { data } = (json as { result: { data: SuperJSONResult } }).result
      expect(data.json).toMatchObject({ messages: Array(3).fill({ headers: {} }) })
      // Where superjson finds that several are one object, it says so beside them, for each.
      expect(data.meta ?? {}).not.toHaveProperty('referentialEqualities')
    },
  )
})
