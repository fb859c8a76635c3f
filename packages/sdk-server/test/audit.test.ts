import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { AuditLog, describeInput } from '../src/auth/audit-log.ts'
import { adminProcedure, operatorProcedure, router, sendProcedure, viewerProcedure } from '../src/index.ts'
import { apiOf } from './fixtures/api.ts'
import { mutate, send } from './fixtures/call.ts'
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

test('what comes with input that cannot be read is not done', async () => {
  const { path } = await openServer()
  const headers = { 'content-type': 'application/json' }
  for (const body of ['{', '{"json":null,"meta":{"values":{"a":["set"]}}}']) {
    expect((await send(path, 'POST', '/trpc/admin.drain', body, headers)).status).toBe(400)
  }
  const api = apiOf(path)
  expect((await api.admin.status.query()).drainingSinceMs).toBeNull()
  await api.admin.drain.mutate()
  expect(await api.admin.audit.list.query()).toMatchObject([
    { number: 1, procedure: 'admin.drain', result: 'ok' },
  ])
})

test('what people of a role change by further routers is noted as well, what applications send is not', async () => {
  const shop = router({
    open: operatorProcedure.mutation(() => 'open'),
    close: adminProcedure.input((input) => input).mutation(() => 'closed'),
    look: viewerProcedure.mutation(() => 'seen'),
    order: sendProcedure.mutation(() => 'ordered'),
    state: adminProcedure.query(() => 'open'),
  })
  const { path } = await openServer({ router: router({ shop }) })
  for (const name of ['open', 'look', 'order', 'close']) {
    expect((await mutate(path, `shop.${name}`, { why: 'late', token: 'x' })).status).toBe(200)
  }
  await send(path, 'GET', '/trpc/shop.state')
  expect(await apiOf(path).admin.audit.list.query()).toMatchObject([
    {
      number: 2,
      kind: 'socket',
      procedure: 'shop.close',
      input: '{"why":"late","token":"(secret)"}',
      result: 'ok',
    },
    { number: 1, procedure: 'shop.open', result: 'ok' },
  ])
})

test('what is secret, or long, is not noted, and of what jobs are given nothing but how much', async () => {
  const { path, store } = await openServer()
  const api = apiOf(path)
  const { secret } = await api.admin.keys.create.mutate({ name: 'shop', scopes: ['send'] })
  const data = { apiToken: 'not to be seen', inner: [{ password: 'nor this' }], text: 'x'.repeat(10_000) }
  await api.admin.jobs.add.mutate({ name: 'works', data })
  await api.admin.schedules.set.mutate({ id: 'hourly', timing: { everyMs: 3_600_000 }, name: 'works', data })
  const inputs = (await api.admin.audit.list.query({ limit: 2 })).map(({ input = '' }) => JSON.parse(input))
  const size = `(${JSON.stringify(data).length} bytes)`
  expect(inputs).toEqual([
    { id: 'hourly', timing: { everyMs: 3_600_000 }, name: 'works', data: size },
    { name: 'works', data: size },
  ])
  const long = describeInput('admin.x', data)
  expect(long).toMatch(/"apiToken":"\(secret\)","inner":\[{"password":"\(secret\)"}\],"text":"x+…$/)
  expect(long?.length).toBeLessThanOrEqual(1_001)
  for await (const [, value] of store.values.read('audit/')) {
    for (const hidden of [secret.split('_')[2] ?? '', 'not to be seen', 'nor this']) {
      expect(value.toString()).not.toContain(hidden)
    }
  }
})

test.each(['apiKey', 'key', 'pwd', 'auth', 'Cookie', 'pin', 'userPin', 'card_pin', 'mnemonic', 'seed'])(
  'what is named %s is not noted',
  (name) => {
    expect(describeInput('admin.x', { [name]: 'hidden', ping: 1 })).toBe(`{"${name}":"(secret)","ping":1}`)
  },
)

test('the same that fails again and again is one entry with a count, and pushes nothing out', async () => {
  const { store } = await openServer()
  const audit = new AuditLog(store)
  const entry = { kind: 'socket', subject: 'a', procedure: 'admin.setRelay' } as const
  await audit.add({ ...entry, atMs: 1, result: 'ok' })
  for (let count = 1; count <= 5_000; count += 1) {
    // Only the last is waited for: they are written in their order.
    const added = audit.add({ ...entry, atMs: count, result: 'ERR_TOKEN' })
    if (count === 5_000) await added
  }
  await audit.add({ ...entry, subject: 'b', atMs: 6_000, result: 'ERR_TOKEN' })
  await audit.add({ ...entry, atMs: 24 * 60 * 60_000 + 1, result: 'ERR_TOKEN' })
  expect(await audit.list(10)).toEqual([
    { ...entry, number: 4, atMs: 24 * 60 * 60_000 + 1, result: 'ERR_TOKEN' },
    { ...entry, number: 3, subject: 'b', atMs: 6_000, result: 'ERR_TOKEN' },
    { ...entry, number: 2, atMs: 1, lastAtMs: 5_000, count: 5_000, result: 'ERR_TOKEN' },
    { ...entry, number: 1, atMs: 1, result: 'ok' },
  ])
})
