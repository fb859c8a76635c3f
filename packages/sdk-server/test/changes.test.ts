import { expect, test } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { codeOf, get } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const PAGE = 'https://app.example'

async function preflight(url: string, origin: string): Promise<string | null> {
  const answer = await fetch(`${url}/trpc/service.ping`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  })
  return answer.headers.get('access-control-allow-origin')
}

test('origins of pages that may call can change while it runs', async () => {
  const { server } = await openServer({ http: { corsOrigins: [PAGE] } })
  const url = server.url ?? ''
  expect([await preflight(url, PAGE), await preflight(url, 'https://other.example')]).toEqual([PAGE, null])
  server.change({ corsOrigins: ['https://other.example'] })
  expect([await preflight(url, PAGE), await preflight(url, 'https://other.example')]).toEqual([
    null,
    'https://other.example',
  ])
  server.change({ callRate: { perSecond: 1, burst: 1 } })
  expect(await preflight(url, 'https://other.example')).toBe('https://other.example')
  server.change({ corsOrigins: [] })
  expect(await preflight(url, 'https://other.example')).toBeNull()
})

test('the rate of calls can change while it runs, for those who have called as well', async () => {
  const { server, path } = await openServer({ http: {}, callRate: { perSecond: 0.001, burst: 2 } })
  const url = server.url ?? ''
  const { secret } = await apiOf(path).admin.keys.create.mutate({ name: 'a', scopes: ['read'] })
  const call = async () => codeOf(await get(url, 'auth.whoami', secret))
  expect([await call(), await call(), await call()]).toEqual([undefined, undefined, 'ERR_RATE_LIMIT'])
  server.change({ callRate: { perSecond: 1_000_000, burst: 100 } })
  expect([await call(), await call(), await call()]).toEqual([undefined, undefined, undefined])
})
