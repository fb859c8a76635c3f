import { expect, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { get } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'
import { callOf, connectWebSocket } from './fixtures/web-socket.ts'

const TEXT = 'x'.repeat(200_000)

/** A node with so many messages of 200 KB, which counts how many are read from its disk. */
async function open(messages: number) {
  const opened = await openServer({ http: {} })
  const { secret: token } = await apiOf(opened.path).admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const { node, store } = opened
  for (let first = 0; first < messages; first += 5) {
    await node.publishMany(
      'long',
      Array.from({ length: 5 }, (_, k) => ({ text: `${first + k} ${TEXT}` })),
    )
  }
  const url = opened.server.url ?? ''
  /** Waits until what a function counts is the same for as long as others are answered ten times. */
  const settled = async (count: () => number): Promise<number> => {
    let before = -1
    let same = 0
    await waitUntil(
      async () => {
        same = count() === before ? same + 1 : 0
        before = count()
        await get(url, 'auth.whoami', token)
        return same === 10
      },
      { what: 'a count that stays the same' },
    )
    return before
  }
  return { ...opened, store, url, token, settled }
}

/** Asks for thirty pages, of 4 MB each if there are so many messages, and reads nothing; counts those that are made. */
async function askForPages({
  node,
  url,
  token,
}: Pick<Awaited<ReturnType<typeof open>>, 'node' | 'url' | 'token'>) {
  let pages = 0
  const messages = node.messages.bind(node)
  node.messages = (options) => {
    pages += 1
    return messages(options)
  }
  const socket = await connectWebSocket(url, { token })
  socket.socket.pause()
  for (let id = 0; id < 30; id += 1) socket.send(callOf(id, 'service.messages.list', {}))
  return { socket, pages: () => pages }
}

test('a subscription over a WebSocket goes as fast as it is read, and misses nothing', async () => {
  const { store, url, token, settled } = await open(150)
  let read = 0
  const follow = store.follow.bind(store)
  store.follow = async function* (options) {
    for await (const entry of follow(options)) {
      read += 1
      yield entry
    }
  }
  const socket = await connectWebSocket(url, { token })
  socket.socket.pause()
  socket.send(callOf(1, 'service.messages.subscribe', { from: 'start' }, 'subscription'))
  await waitUntil(() => read > 0, { what: 'the first entries' })
  // A part of 30 MB: a megabyte, and what the system keeps for a socket.
  expect(await settled(() => read)).toBeLessThan((store.sizes.storedBatches * 2) / 3)
  socket.socket.resume()
  const numbers = () =>
    socket.messages.flatMap(({ result }) => {
      const { data } = result as { data?: { json: { data: { text: string } | { kind: string } } } }
      const entry = data?.json.data
      return entry === undefined || 'kind' in entry ? [] : [Number(entry.text.split(' ')[0])]
    })
  await waitUntil(() => numbers().length === 150, { what: 'the last message' })
  expect(numbers()).toEqual(Array.from({ length: 150 }, (_, at) => at))
}, 60_000)

test('who asks for pages over a WebSocket and does not read them has a few made, and all when it reads', async () => {
  const { node, url, token, settled } = await open(20)
  const { socket, pages } = await askForPages({ node, url, token })
  await waitUntil(() => pages() > 0, { what: 'the first page' })
  // Of 120 MB: eight, and what the system keeps for a socket.
  expect(await settled(pages)).toBeLessThan(20)
  socket.socket.resume()
  await waitUntil(() => socket.messages.length === 30, { what: 'the last page' })
  expect(new Set(socket.messages.map(({ id }) => id)).size).toBe(30)
  expect(socket.messages.every(({ result }) => result !== undefined)).toBe(true)
}, 60_000)

test('calls that wait for something to happen keep no others waiting', async () => {
  const { node, url, token } = await open(0)
  let waiting = 0
  node.waitForDelivery = () => {
    waiting += 1
    return new Promise(() => {})
  }
  const socket = await connectWebSocket(url, { token })
  for (let id = 0; id < 30; id += 1) {
    socket.send(callOf(id, 'service.messages.delivery', { id: 'a-1', waitMs: 20_000 }))
  }
  socket.send(callOf('ping', 'service.ping'))
  await socket.answer('ping')
  expect(waiting).toBe(30)
})

test('who leaves while its calls wait has no more of them made', async () => {
  const { node, url, token, settled } = await open(20)
  const { socket, pages } = await askForPages({ node, url, token })
  const before = await settled(pages)
  socket.socket.terminate()
  expect(await settled(pages)).toBe(before)
}, 60_000)
