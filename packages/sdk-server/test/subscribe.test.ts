import type { MessageStore } from '@pastel-mesh/storage'
import { describe, expect, it } from 'vitest'
import { LogWriter, seededSigner } from '../../testkit/src/fixtures/log-writer.ts'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { openServer } from './fixtures/open-server.ts'
import { type Stream, subscribeAt, textsOf } from './fixtures/subscribe.ts'

function errorIn(stream: Stream): unknown {
  const [error] = stream.events().filter(({ event }) => event === 'serialized-error')
  return (error?.data as { json: unknown } | undefined)?.json
}

describe('whoever follows messages', () => {
  it('gets what is stored from a place on, then what comes, and goes on where it was', async () => {
    const { path, node } = await openServer()
    await node.publishMany('prices', [{ text: 'a' }, { text: 'b' }])
    const all = await subscribeAt(path, { from: 'start' })
    const now = await subscribeAt(path, {})
    expect(all.response.headers['content-type']).toBe('text/event-stream')
    const [, second] = await all.atLeast(2)
    await node.publish('other', { text: 'c' })
    expect(textsOf(await all.atLeast(3))).toEqual(['a', 'b', 'c'])
    expect(textsOf(await now.atLeast(1))).toEqual(['c'])
    // In the middle of a batch.
    const [first] = all.events()
    const again = await subscribeAt(path, { from: 'start' }, { lastEventId: first?.id ?? '' })
    expect(textsOf(await again.atLeast(2))).toEqual(['b', 'c'])
    expect(second?.data).toMatchObject({ json: { text: 'b', topic: 'prices', cursor: second?.id } })
  })

  it('gets the newest, or those since a time, or those of a topic, a sender, a type', async () => {
    const { path, node } = await openServer()
    await node.publishMany('prices', [{ text: 'a', type: 'trade' }, { text: 'b' }])
    await node.publish('other', { text: 'c', type: 'trade' })
    const inputs = [
      { last: 2 },
      { last: 1, topic: 'prices' },
      { last: 1_000 },
      { last: 1, type: 'none' },
      { since: 0 },
      { since: '2100-01-01' },
      { from: 'start', type: 'trade' },
      { from: 'start', sender: node.pastelId, topic: 'other' },
    ]
    const streams = await Promise.all(inputs.map((input) => subscribeAt(path, input)))
    // Comes to all but two of them, behind everything else.
    await node.publish('other', { text: 'end', type: 'trade' })
    const ended = await Promise.all(
      [0, 2, 4, 5, 6, 7].map(async (i) => {
        const stream = streams[i] as Stream
        return waitUntil(() => textsOf(stream.events()).includes('end') && textsOf(stream.events()), {
          what: `the end of ${JSON.stringify(inputs[i])}`,
        })
      }),
    )
    expect(ended).toEqual([
      ['b', 'c', 'end'],
      ['a', 'b', 'c', 'end'],
      ['a', 'b', 'c', 'end'],
      ['end'],
      ['a', 'c', 'end'],
      ['c', 'end'],
    ])
    expect([1, 3].map((i) => textsOf((streams[i] as Stream).events()))).toEqual([['b'], []])
  })

  it('gets what comes to the inbox alone', async () => {
    const { path, node } = await openServer()
    await node.send(node.pastelId, { text: 'a' })
    await node.publish('prices', { text: 'b' })
    const all = await subscribeAt(path, { inbox: true, from: 'start' })
    const last = await subscribeAt(path, { inbox: true, last: 1 })
    const both = await subscribeAt(path, { inbox: false, from: 'start' })
    await both.atLeast(2)
    await node.publish('prices', { text: 'c' })
    await node.send(node.pastelId, { text: 'd' })
    expect(textsOf(await all.atLeast(2))).toEqual(['a', 'd'])
    expect(textsOf(await last.atLeast(2))).toEqual(['a', 'd'])
    expect(textsOf(await both.atLeast(4))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('is told in its place of what is lost, whatever it asked for, and goes on behind it', async () => {
    const { path, store } = await openServer()
    const writer = new LogWriter({ identity: 'alice', channel: 'topic/prices' })
    const sender = seededSigner('alice').pastelId
    const inputs = [{}, { topic: 'prices' }, { sender }, { type: 'message' }, { sender, type: 'message' }]
    const live = await Promise.all(inputs.map((input) => subscribeAt(path, input)))
    const other = await subscribeAt(path, { topic: 'other' })
    const first = await writer.write()
    await writer.write({ count: 2 })
    for (const batch of [first, await writer.write()]) {
      const placement = await store.place(batch)
      if ('committed' in placement) await placement.committed
    }
    for (const missing of await store.gaps(1)) await store.giveUp(missing, 'denied')
    const told = [{ position: 0 }, { kind: 'lost', first: 1, last: 2, reason: 'denied' }, { position: 3 }]
    const stored = await Promise.all(inputs.map((input) => subscribeAt(path, { ...input, from: 'start' })))
    let lostId: string | undefined
    for (const stream of [...live, ...stored]) {
      const events = await stream.atLeast(3)
      expect(events.map(({ data }) => (data as { json: unknown }).json)).toMatchObject(told)
      lostId = events[1]?.id
    }
    const again = await subscribeAt(path, { topic: 'prices' }, { lastEventId: lostId ?? '' })
    expect((await again.atLeast(1)).map(({ data }) => (data as { json: unknown }).json)).toMatchObject([
      { position: 3 },
    ])
    expect(other.events()).toEqual([])
  })

  it('is told what was wrong with what it asked for', async () => {
    const { path } = await openServer()
    for (const [input, message] of [
      [{ from: 'nonsense' }, '"nonsense" is not a cursor'],
      [{ topic: '!!' }, '"!!" is not a topic name'],
      [{ from: 'start', last: 1 }, 'give one of from, since and last'],
      [{ topic: 'prices', inbox: true }, 'give a topic, or ask for the inbox, not both'],
    ] as const) {
      const stream = await subscribeAt(path, input)
      await stream.closed
      expect(stream.events()).toHaveLength(1)
      expect(errorIn(stream)).toMatchObject({ message: expect.stringContaining(message) })
    }
  })

  it('is told at once where it begins, and misses nothing from there on, though nothing had come', async () => {
    const { path, node } = await openServer()
    await node.publish('other', { text: 'before' })
    const inputs = [{}, { last: 3 }, { since: '2100-01-01' }, { from: 'start' }].map((input) => ({
      ...input,
      topic: 'quiet',
    }))
    const ids = await Promise.all(
      inputs.map(async (input) => {
        const stream = await subscribeAt(path, input)
        const { id, data } = await stream.beginning()
        expect(data).toEqual({ json: { kind: 'beginning', cursor: id } })
        stream.close()
        return id ?? ''
      }),
    )
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`)
    await node.publishMany(
      'quiet',
      texts.map((text) => ({ text })),
    )
    for (const [i, lastEventId] of ids.entries()) {
      const again = await subscribeAt(path, inputs[i], { lastEventId })
      expect(textsOf(await again.atLeast(10))).toEqual(texts)
      expect((await again.beginning()).id).toBe(lastEventId)
    }
  })

  it('is one of a few, whose places are free again when they go', async () => {
    const { path, node } = await openServer()
    const streams = await Promise.all(Array.from({ length: 32 }, () => subscribeAt(path, {})))
    const refused = await subscribeAt(path, {})
    await refused.closed
    expect(errorIn(refused)).toMatchObject({ data: { meshCode: 'ERR_TOO_MANY_FOLLOWERS' } })
    streams[0]?.close()
    const taken = await waitUntil(
      async () => {
        const stream = await subscribeAt(path, {})
        await node.publish('prices', { text: 'hello' })
        return (await stream.atLeast(1)) && errorIn(stream) === undefined && stream
      },
      { what: 'a free place' },
    )
    expect(textsOf(taken.events())).toContain('hello')
  })

  it('may be slow: no more is read for it than it takes, and nothing is missed or doubled', async () => {
    const { path, node, store } = await openServer()
    const taken = countTaken(store)
    const stream = await subscribeAt(path, { topic: 'long' }, { isRead: false })
    const filler = '.'.repeat(200_000)
    for (let i = 0; i < 20; i += 1) {
      await node.publishMany(
        'long',
        Array.from({ length: 5 }, (_, k) => ({ text: `${5 * i + k} ${filler}` })),
      )
    }
    const batches = store.sizes.storedBatches
    // What the system keeps for a socket is a small part of 20 MB.
    expect(taken()).toBeLessThan(batches / 4)
    let text = ''
    stream.response.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1').replaceAll('.', '')
    })
    await waitUntil(() => text.includes('"99 '), { what: 'the last message' })
    const numbers = [...text.matchAll(/"text":"(\d+) /g)].map(([, number]) => Number(number))
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(taken()).toBe(batches)
  })
})

/** Counts the entries that followers take from a store. */
function countTaken(store: MessageStore): () => number {
  const follow = store.follow.bind(store)
  let taken = 0
  store.follow = async function* (options) {
    for await (const entry of follow(options)) {
      taken += 1
      yield entry
    }
  }
  return () => taken
}

describe('the stop of the server', () => {
  it('tells those who follow, and waits for none that does not read', async () => {
    const { path, server, node } = await openServer({ drainMs: 1_000_000 })
    const reading = await subscribeAt(path, {})
    const deaf = await subscribeAt(path, { from: 'start' }, { isRead: false })
    await node.publishMany(
      'long',
      Array.from({ length: 40 }, () => ({ text: 'x'.repeat(100_000) })),
    )
    await reading.atLeast(40)
    await server.stop()
    await reading.closed
    expect(errorIn(reading)).toMatchObject({
      message: 'this node stops',
      data: { code: 'SERVICE_UNAVAILABLE', meshCode: 'ERR_STOPPED' },
    })
    deaf.response.resume()
    await deaf.closed
    await server.start()
    expect(textsOf(await (await subscribeAt(path, { last: 1 })).atLeast(1))).toHaveLength(1)
  })

  it('is the end of those whose last entry is still on its way', async () => {
    const { path, server, node, store } = await openServer()
    const taken = countTaken(store)
    // Of some the last one waits at the server, of others in the system.
    let published = 0
    for (const count of [1, 2]) {
      await subscribeAt(path, { topic: `topic-${count}` }, { isRead: false })
      for (let i = 0; i < count; i += 1) {
        await node.publish(`topic-${count}`, { text: 'x'.repeat(200_000) })
        published += 1
        await waitUntil(() => taken() === published, { what: `${published} entries to be taken` })
      }
    }
    await server.stop()
  })
})
