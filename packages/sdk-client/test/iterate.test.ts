import { describe, expect, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import {
  type ClientOptions,
  createClient,
  type Entry,
  type IterateOptions,
  type MeshClient,
  serviceKeyAuth,
} from '../src/index.ts'
import { answering } from './fixtures/answering.ts'
import { brokenLink } from './fixtures/broken-link.ts'
import { type ServedNode, servedNode } from './fixtures/served-node.ts'

const MESSAGES = 2_000
const CUTS = 10

type Reached = Pick<ServedNode, 'url' | 'auth'>

function clientOf({ url, auth }: Reached, more: Partial<ClientOptions> = {}): MeshClient {
  return createClient({ url, auth, ...more })
}

function textOf(entry: Entry): string {
  return 'text' in entry ? entry.text : `no text: ${JSON.stringify(entry)}`
}

/** Reads in the background, until it is stopped. */
function following(
  served: Reached,
  { idleMs, ...options }: IterateOptions & Pick<ClientOptions, 'idleMs'> = {},
) {
  let opened = 0
  let begun = 0
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const response = await globalThis.fetch(url, init)
    if (response.headers.get('content-type') !== 'text/event-stream') return response
    opened += 1
    const seen = response.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          if (Buffer.from(chunk).includes('"kind":"beginning"')) begun += 1
          controller.enqueue(chunk)
        },
      }),
    )
    return new Response(seen ?? null, response)
  }
  const client = clientOf(served, { fetch, ...(idleMs === undefined ? {} : { idleMs }) })
  const abort = new AbortController()
  const texts: string[] = []
  let reconnects = 0
  const done = (async () => {
    const entries = client.messages.iterate({
      ...options,
      signal: abort.signal,
      onReconnect: () => {
        reconnects += 1
      },
    })
    for await (const entry of entries) texts.push(textOf(entry))
  })()
  return {
    texts,
    reconnects: () => reconnects,
    begun: () => waitUntil(() => begun > 0, { what: 'the server to say where it begins' }),
    opened: () => waitUntil(() => opened > 0, { what: 'the server to take it' }),
    atLeast: (count: number) => waitUntil(() => texts.length >= count, { what: `${count} messages` }),
    async stop() {
      abort.abort()
      await done
    },
  }
}

function publish({ node }: ServedNode, first: number, count: number): Promise<unknown> {
  const messages = Array.from({ length: count }, (_, index) => ({ text: String(first + index) }))
  return node.publishMany('flow', messages)
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))

describe('who iterates over messages', () => {
  test('gets what is stored, then what comes; and goes on from a cursor that was saved', async () => {
    const served = await servedNode()
    await publish(served, 0, 3)
    const cursors: string[] = []
    for await (const entry of clientOf(served).messages.iterate({ topic: 'flow', from: 'start' })) {
      cursors.push(entry.cursor)
      if (cursors.length === 2) break
    }
    const rest = following(served, { from: cursors[1] ?? '' })
    await rest.atLeast(1)
    await publish(served, 3, 1)
    await rest.atLeast(2)
    await rest.stop()
    expect(rest.texts).toEqual(['2', '3'])
  })

  test('gets each message once, however often the connection is cut and the server restarts', async () => {
    const served = await servedNode()
    const link = await brokenLink(served.url)
    await served.reachAt(link.url)
    const reader = following({ ...served, url: link.url }, { topic: 'flow', from: 'start' })
    const share = MESSAGES / CUTS
    for (let cut = 0; cut < CUTS; cut += 1) {
      await publish(served, cut * share, share / 2)
      await reader.atLeast(cut * share + 1)
      if (cut % 4 === 1) {
        await served.stop()
        await publish(served, cut * share + share / 2, share / 2)
        await served.start()
      } else {
        link.cut()
        await publish(served, cut * share + share / 2, share / 2)
      }
    }
    await reader.atLeast(MESSAGES)
    await reader.stop()
    expect(reader.texts).toEqual(numbers(MESSAGES))
    expect(reader.reconnects()).toBeGreaterThanOrEqual(CUTS / 2)
  })

  test('misses nothing from "now" on, though the connection is lost before anything came', async () => {
    const served = await servedNode()
    await publish(served, 0, 5)
    const link = await brokenLink(served.url)
    await served.reachAt(link.url)
    const reader = following({ ...served, url: link.url })
    await reader.opened()
    link.cut()
    await served.stop()
    await publish(served, 5, 2)
    await served.start()
    await reader.atLeast(2)
    await reader.stop()
    expect(reader.texts).toEqual(['5', '6'])
  })

  test('misses nothing though it asked for the newest, and lost the connection before anything came', async () => {
    const served = await servedNode()
    const link = await brokenLink(served.url)
    await served.reachAt(link.url)
    const reader = following({ ...served, url: link.url }, { topic: 'flow', last: 10 })
    await reader.begun()
    link.cut()
    await served.stop()
    await publish(served, 0, 50)
    await served.start()
    await reader.atLeast(50)
    await reader.stop()
    expect(reader.texts).toEqual(numbers(50))
  })

  test('comes back when the server is silent, though nobody says that it is gone', async () => {
    const served = await servedNode()
    const link = await brokenLink(served.url)
    await served.reachAt(link.url)
    const reader = following({ ...served, url: link.url }, { from: 'start', idleMs: 300 })
    await publish(served, 0, 1)
    await reader.atLeast(1)
    link.silence()
    await publish(served, 1, 1)
    await waitUntil(() => reader.reconnects() > 0, { what: 'another attempt' })
    link.mend()
    await reader.atLeast(2)
    await reader.stop()
    expect(reader.texts).toEqual(['0', '1'])
  })

  test('reads no faster than it takes, and gets all of it', async () => {
    const served = await servedNode()
    const size = 200_000
    const count = 120
    for (let first = 0; first < count; first += 30) {
      const messages = Array.from({ length: 30 }, (_, at) => ({
        text: `${first + at} ${'x'.repeat(size)}`,
      }))
      await served.node.publishMany('flow', messages)
    }
    let taken = 0
    const fetch: typeof globalThis.fetch = async (...call) => {
      const response = await globalThis.fetch(...call)
      const counted = response.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            taken += chunk.length
            controller.enqueue(chunk)
          },
        }),
      )
      return new Response(counted ?? null, response)
    }
    const client = createClient({ url: served.url, auth: served.auth, fetch })
    const entries = client.messages.iterate({ from: 'start', topic: 'flow' })
    const first = await entries.next()
    expect(textOf(first.value as Entry)).toMatch(/^0 /)
    // Whoever read without being asked would have all of it soon after.
    let before = -1
    await waitUntil(
      () => {
        const isSettled = taken === before
        before = taken
        return isSettled
      },
      { what: 'nothing more to be read', everyMs: 200 },
    )
    expect(taken).toBeLessThan((size * count) / 10)
    let next = 1
    for await (const entry of entries) {
      expect(textOf(entry).split(' ')[0]).toBe(String(next))
      next += 1
      if (next === count) break
    }
  })

  test('gets the largest message, all of it to be escaped', async () => {
    const served = await servedNode()
    const text = '\u0001'.repeat(250 * 1024)
    await served.node.publish('flow', { text })
    for await (const entry of clientOf(served).messages.iterate({ from: 'start' })) {
      expect(textOf(entry)).toBe(text)
      break
    }
  })

  test('ends with the signal: while it waits, while it cannot connect, and before it begins', async () => {
    const served = await servedNode()
    const waiting = following(served)
    await waiting.opened()
    await waiting.stop()
    await served.stop()
    const trying = following(served)
    await waitUntil(() => trying.reconnects() > 0, { what: 'an attempt that failed' })
    await trying.stop()
    const entries = clientOf(served).messages.iterate({ signal: AbortSignal.abort() })
    expect(await entries.next()).toEqual({ done: true, value: undefined })
  })

  test('is told what trying again does not change', async () => {
    const served = await servedNode()
    const first = (options: IterateOptions, auth = served.auth) =>
      createClient({ url: served.url, auth }).messages.iterate(options).next()
    await expect(first({ from: 'nonsense' })).rejects.toMatchObject({ code: 'ERR_CURSOR' })
    await expect(first({ topic: 'a b', from: 'start' })).rejects.toMatchObject({ code: 'ERR_TOPIC_NAME' })
    await expect(first({ from: 'start' }, serviceKeyAuth('pmk_other_key'))).rejects.toMatchObject({
      httpStatus: 401,
    })
    const site = await answering((_, response) => response.end('<h1>Welcome</h1>'))
    await expect(
      createClient({ url: site }).messages.iterate({ from: 'start' }).next(),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER' })
  })

  test('with a value that is not tracked goes on from the one before that was', async () => {
    const asked: unknown[] = []
    const url = await answering(({ headers }, response) => {
      asked.push(headers['last-event-id'])
      response.setHeader('content-type', 'text/event-stream')
      if (asked.length > 1) response.end('event: return\ndata: \n\n')
      else
        response.end(
          'data: {"json":1}\nid: a\n\ndata: {"json":2}\nid\n\nevent: restore-id\ndata: \nid: a\n\n',
        )
    })
    const values: unknown[] = []
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
    const { api } = createClient({ url })
    api.service.messages.subscribe.subscribe(
      {},
      { onData: (value) => values.push(value), onError: reject, onComplete: resolve },
    )
    await ended
    expect(values).toEqual([{ id: 'a', data: 1 }, 2])
    expect(asked).toEqual([undefined, 'a'])
  })

  test('with tRPC’s own subscription goes on in the same way', async () => {
    const served = await servedNode()
    const link = await brokenLink(served.url)
    await served.reachAt(link.url)
    const { api } = clientOf({ ...served, url: link.url })
    const texts: string[] = []
    const beginnings: string[] = []
    const subscription = api.service.messages.subscribe.subscribe(
      {},
      {
        onData({ id, data }) {
          if ('kind' in data && data.kind === 'beginning') beginnings.push(id)
          else texts.push(textOf(data))
        },
      },
    )
    await waitUntil(() => beginnings.length === 1, { what: 'where it begins' })
    link.cut()
    await served.stop()
    await publish(served, 0, 2)
    await served.start()
    await waitUntil(() => texts.length === 2, { what: 'two messages' })
    link.cut()
    await publish(served, 2, 2)
    await waitUntil(() => texts.length === 4, { what: 'four messages' })
    subscription.unsubscribe()
    expect(texts).toEqual(numbers(4))
  })
})
