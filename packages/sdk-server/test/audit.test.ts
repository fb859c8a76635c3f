import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { logIn, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

const operator = createLocalSigner(generateSeed())

test('every change by an admin procedure is noted, with who and how it ended; what may not be called is not', async () => {
  const opened = await openServer({ http: {}, roles: { operators: [operator.pastelId] } })
  const { path, server, restart } = opened
  const api = apiOf(path)
  const { accessToken } = await logIn(server.url ?? '', operator)
  const before = Date.now()
  await api.admin.setRelay.mutate({ on: true })
  await post(server.url ?? '', 'admin.peers.disconnect', { target: 'nobody' }, accessToken)
  await post(server.url ?? '', 'admin.keys.create', { name: 'x', scopes: ['read'] }, accessToken)
  await api.service.ping.query()
  await api.admin.status.query()
  await api.admin.setRelay.mutate({ on: 'yes' } as never).catch(() => {})

  const expected = [
    { number: 3, kind: 'socket', procedure: 'admin.setRelay', input: '{"on":"yes"}', result: 'BAD_REQUEST' },
    {
      number: 2,
      kind: 'pastelid',
      subject: operator.pastelId,
      session: expect.any(String),
      procedure: 'admin.peers.disconnect',
      input: '{"target":"nobody"}',
      result: expect.stringMatching(/^ERR_/),
    },
    {
      number: 1,
      kind: 'socket',
      subject: 'socket',
      procedure: 'admin.setRelay',
      input: '{"on":true}',
      result: 'ok',
    },
  ]
  const entries = await api.admin.audit.list.query()
  expect(entries).toMatchObject(expected)
  expect(entries).toHaveLength(3)
  for (const { atMs } of entries) expect(atMs).toBeGreaterThanOrEqual(before)
  expect(await api.admin.audit.list.query({ limit: 1, before: 3 })).toMatchObject([{ number: 2 }])

  await restart()
  await api.admin.setRelay.mutate({ on: false })
  expect((await api.admin.audit.list.query()).map(({ number }) => number)).toEqual([4, 3, 2, 1])
})

test('what is secret, or long, is not noted', async () => {
  const { path, store } = await openServer()
  const api = apiOf(path)
  const { secret } = await api.admin.keys.create.mutate({ name: 'shop', scopes: ['send'] })
  const data = { apiToken: 'not to be seen', inner: [{ password: 'nor this' }], text: 'x'.repeat(10_000) }
  await api.admin.jobs.add.mutate({ name: 'works', data })
  const [added] = await api.admin.audit.list.query()
  expect(added?.input).toMatch(/"apiToken":"\(secret\)","inner":\[{"password":"\(secret\)"}\],"text":"x+…$/)
  expect(added?.input?.length).toBeLessThanOrEqual(1_001)
  for await (const [, value] of store.values.read('audit/')) {
    for (const hidden of [secret.split('_')[2] ?? '', 'not to be seen', 'nor this']) {
      expect(value.toString()).not.toContain(hidden)
    }
  }
})
