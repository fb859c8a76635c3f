import { describe, expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { type CallError, errorOf, query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

describe('a list by type', () => {
  it('has the messages of that type only, also from batches that hold others, page by page', async () => {
    const { path } = await openServer()
    const { messages } = apiOf(path).service
    const types = Array.from({ length: 40 }, (_, i) => `type-${i % 7}`)
    const publish = (topic: string) =>
      messages.publish.mutate({ topic, messages: types.map((type, i) => ({ type, text: `${i}` })) })
    const { ids } = await publish('prices')
    await publish('other')
    const wanted = ids.filter((_, i) => i % 7 === 3)
    for (const oldestFirst of [true, false]) {
      const read: string[] = []
      let from: string | undefined
      do {
        const page = await messages.list.query({
          topic: 'prices',
          type: 'type-3',
          oldestFirst,
          limit: 2,
          ...(from === undefined ? {} : { from }),
        })
        expect(page.messages.length).toBeGreaterThan(0)
        read.push(...page.messages.map(({ id }) => id))
        from = page.next
      } while (from !== undefined)
      expect(read).toEqual(oldestFirst ? wanted : wanted.toReversed())
    }
    expect((await messages.list.query({ type: 'type-3' })).messages).toHaveLength(2 * wanted.length)
    expect((await messages.list.query({ type: 'none' })).messages).toEqual([])
  })
})

describe('a list by time', () => {
  it('has what the node took in from one time on and before another, with a cursor and both ways', async () => {
    const { path, store } = await openServer()
    const { messages } = apiOf(path).service
    const ids: string[] = []
    const times: number[] = []
    for (let i = 0; i < 4; i += 1) {
      ids.push(...(await messages.publish.mutate({ topic: 'prices', messages: [{ text: `${i}` }] })).ids)
      times.push((await messages.list.query({ limit: 1 })).messages[0]?.receivedAtMs ?? 0)
      // The next is taken in at another time.
      while (Date.now() === times.at(-1)) await store.positionAt(0)
    }
    const [, second = 0, third = 0, fourth = 0] = times
    const list = async (input: Parameters<typeof messages.list.query>[0]) =>
      (await messages.list.query(input)).messages.map(({ id }) => id)
    expect(await list({ since: second, until: fourth, oldestFirst: true })).toEqual(ids.slice(1, 3))
    expect(await list({ since: second, until: fourth })).toEqual(ids.slice(1, 3).reverse())
    expect(await list({ since: new Date(third).toISOString() })).toEqual(ids.slice(2).reverse())
    expect(await list({ until: new Date(third).toISOString() })).toEqual(ids.slice(0, 2).reverse())
    expect(await list({ since: fourth + 1 })).toEqual([])
    for (const oldestFirst of [true, false]) {
      const times = { since: second, until: fourth, oldestFirst }
      const { next = '' } = await messages.list.query({ ...times, limit: 1 })
      expect(await list({ ...times, from: next })).toEqual([ids[oldestFirst ? 2 : 1]])
    }
  })

  it.each([['yesterday'], [1.5], ['2026-13-01T00:00:00Z'], ['1']])('refuses %j', async (since) => {
    const { path } = await openServer()
    const error: CallError = errorOf(await query(path, 'service.messages.list', { since }))
    expect(error.data.httpStatus).toBe(400)
    expect(error.message).toContain('a time is ms since 1970, or ISO 8601')
  })
})
