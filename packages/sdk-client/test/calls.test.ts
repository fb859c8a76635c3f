import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { TRPCClientError } from '@trpc/client'
import { describe, expect, test } from 'vitest'
import { freePort } from '../../testkit/src/mesh/free-port.ts'
import { createClient, PastelMeshError } from '../src/index.ts'
import { answering } from './fixtures/answering.ts'
import { servedNode } from './fixtures/served-node.ts'

/** `fetch`, and what it was asked for. */
function countingFetch() {
  const urls: string[] = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    urls.push(String(url))
    return globalThis.fetch(url, init)
  }
  return { fetch, urls }
}

/** `fetch` for a name that leads to the server and is not its own. */
function fetchAs(host: string): typeof globalThis.fetch {
  return async (url) => {
    const call = request(String(url), { headers: { host } })
    call.end()
    const [response] = await once(call, 'response')
    return new Response(await text(response), { status: response.statusCode })
  }
}

async function failureOf(call: Promise<unknown>): Promise<PastelMeshError> {
  const error = await call.then(
    () => 'it did not fail',
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(PastelMeshError)
  return error as PastelMeshError
}

describe('calls', () => {
  test('give what the node gives: dates are dates', async () => {
    const { url } = await servedNode()
    const { time } = await createClient({ url: `${url}/` }).api.service.ping.query()
    expect(time).toBeInstanceOf(Date)
  })

  test('of one moment go in one request, as many as the node takes', async () => {
    const { url, auth } = await servedNode()
    const { fetch, urls } = countingFetch()
    const { api } = createClient({ url, auth, fetch })
    const answers = await Promise.all(Array.from({ length: 45 }, () => api.service.ping.query()))
    expect(answers).toHaveLength(45)
    expect(urls.filter((asked) => asked.includes('service.ping'))).toHaveLength(3)
  })

  test('that are large go alone: together the node would not take them', async () => {
    const { url, auth, node } = await servedNode()
    const { api } = createClient({ url, auth })
    const messages = Array.from({ length: 3 }, () => ({ text: '"'.repeat(200_000) }))
    const calls = Array.from({ length: 10 }, () =>
      api.service.messages.publish.mutate({ topic: 'large', messages }),
    )
    const ids = (await Promise.all(calls)).flatMap((answer) => answer.ids)
    expect(new Set(ids).size).toBe(30)
    const stored: string[] = []
    for await (const entry of node.messages({ topic: 'large' }))
      if (entry.kind === 'message') stored.push(entry.id)
    expect(stored.sort()).toEqual(ids.sort())
  })
})

describe('what fails says', () => {
  test('the code of the node, and what the server sent', async () => {
    const { url, auth } = await servedNode()
    const { api } = createClient({ url, auth })
    const wrong = await failureOf(
      api.service.messages.publish.mutate({ topic: 'a b', messages: [{ text: 'x' }] }),
    )
    expect(wrong).toBeInstanceOf(TRPCClientError)
    expect(wrong).toMatchObject({ code: 'ERR_TOPIC_NAME', httpStatus: 400, retryable: false })
    expect(wrong.data?.path).toBe('service.messages.publish')
    const input = await failureOf(api.service.messages.publish.mutate({ topic: 'a', messages: [] }))
    expect(input).toMatchObject({ code: 'ERR_BAD_REQUEST', retryable: false })
    const role = await failureOf(api.admin.members.remove.mutate({ pastelId: 'jX' }))
    expect(role).toMatchObject({ code: 'ERR_FORBIDDEN', httpStatus: 403 })
    expect(await failureOf(createClient({ url }).api.admin.status.query())).toMatchObject({
      code: 'ERR_NOT_LOGGED_IN',
      httpStatus: 401,
    })
  })

  test('that nobody is there, or answers in time', async () => {
    const nobody = createClient({ url: `http://127.0.0.1:${await freePort()}` })
    const gone = await failureOf(nobody.api.service.ping.query())
    expect(gone).toMatchObject({ code: 'ERR_UNREACHABLE', retryable: true })
    expect(gone.message).toContain('ECONNREFUSED')
    const silent = createClient({ url: await answering(() => {}), timeoutMs: 50 })
    const late = await failureOf(silent.api.service.ping.query())
    expect(late).toMatchObject({ code: 'ERR_UNREACHABLE', retryable: true })
    expect(late.message).toContain('within 0.05 s')
  })

  test('that something else answers', async () => {
    const proxy = await answering((_, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'))
    expect(await failureOf(createClient({ url: proxy }).api.service.ping.query())).toMatchObject({
      code: 'ERR_UNREACHABLE',
      httpStatus: 502,
      retryable: true,
    })
    const site = await answering((_, response) => response.end('<h1>Welcome</h1>'))
    expect(await failureOf(createClient({ url: site }).api.service.ping.query())).toMatchObject({
      code: 'ERR_ANSWER',
      retryable: false,
    })
    expect(() => createClient({ url: 'ftp://node.example' })).toThrow(
      expect.objectContaining({ code: 'ERR_URL' }),
    )
  })

  test('that the server has another name, and that a request is too large', async () => {
    const { url, auth } = await servedNode()
    const other = createClient({ url, fetch: fetchAs('node.example') })
    expect(await failureOf(other.api.service.ping.query())).toMatchObject({
      code: 'ERR_HOST',
      httpStatus: 421,
    })
    const large = { topic: 'a', messages: [{ text: 'x'.repeat(9 * 1024 * 1024) }] }
    const { api } = createClient({ url, auth })
    expect(await failureOf(api.service.messages.publish.mutate(large))).toMatchObject({
      code: 'ERR_TOO_LARGE',
      httpStatus: 413,
    })
  })

  test('that the caller gave up', async () => {
    const url = await answering(() => {})
    const call = createClient({ url }).api.service.ping.query(undefined, { signal: AbortSignal.timeout(20) })
    expect(await failureOf(call)).toMatchObject({ code: 'ERR_ABORTED', retryable: false })
  })
})
