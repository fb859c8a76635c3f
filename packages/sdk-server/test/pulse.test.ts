import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { expect, test } from 'vitest'
import { openServer } from './fixtures/open-server.ts'

interface Came {
  readonly number: number
  readonly of: number
  readonly afterMs: number
  readonly address: string
  /** When it came, in ms after the first. */
  readonly cameMs: number
}

async function pulseAt(url: string, headers: Record<string, string> = {}): Promise<Came[]> {
  const call = request(`${url}/trpc/service.pulse`, { headers })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  expect(response).toMatchObject({ statusCode: 200, headers: { 'x-accel-buffering': 'no' } })
  const came: Came[] = []
  let firstMs: number | undefined
  for await (const chunk of response) {
    for (const [, data = ''] of String(chunk).matchAll(/^data: (\{"json":.*)$/gm)) {
      firstMs ??= performance.now()
      came.push({ ...JSON.parse(data).json, cameMs: performance.now() - firstMs })
    }
  }
  return came
}

test('a stranger gets signs of life one after the other, its own address, and the end', async () => {
  const { server } = await openServer({ http: { trustedProxies: ['127.0.0.1'] } })
  const came = await pulseAt(server.url ?? '', { 'x-forwarded-for': '192.0.2.7' })
  expect(came.map(({ number, of, address }) => ({ number, of, address }))).toEqual(
    [1, 2, 3, 4, 5].map((number) => ({ number, of: 5, address: '192.0.2.7' })),
  )
  const [first, ...rest] = came
  expect(first?.afterMs).toBeLessThan(rest[0]?.afterMs ?? 0)
  expect(rest.at(-1)?.afterMs).toBeGreaterThanOrEqual(1_000)
  // Each as it is sent, or the last would not be later than the first.
  expect(rest.at(-1)?.cameMs).toBeGreaterThan(500)
})

test('it is charged like any call of a stranger', async () => {
  const { server } = await openServer({ http: {} })
  const statuses = async () => {
    const call = request(`${server.url}/trpc/service.pulse`)
    call.end()
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += chunk
    return text
  }
  const all = await Promise.all(Array.from({ length: 110 }, statuses))
  expect(all.filter((text) => text.includes('ERR_RATE_LIMIT')).length).toBeGreaterThan(0)
  expect(all.filter((text) => text.includes('"number":5')).length).toBeGreaterThanOrEqual(100)
})
