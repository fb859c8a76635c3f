import { expect, test, vi } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { codeOf, get, post } from './fixtures/http-call.ts'
import { openServer } from './fixtures/open-server.ts'

async function open(now?: () => number) {
  const opened = await openServer({ http: {}, ...(now === undefined ? {} : { now }) })
  return { ...opened, url: opened.server.url ?? '', keys: apiOf(opened.path).admin.keys }
}

async function triedWith(url: string, secret: string) {
  const answer = await get(url, 'auth.whoami', secret)
  return [answer.status, codeOf(answer)]
}

const TAKEN = [200, undefined]
const REFUSED = [401, 'ERR_TOKEN']

test('a service key calls what its scopes are for, and nothing else', async () => {
  const { url, keys } = await open()
  const reads = await keys.create.mutate({ name: 'dashboard', scopes: ['read'] })
  const sends = await keys.create.mutate({ name: 'shop', scopes: ['send'] })
  expect(reads.secret).toMatch(/^pmk_[0-9a-f]{16}_[0-9a-f]{64}$/)
  expect((await get(url, 'auth.whoami', reads.secret)).data).toEqual({
    kind: 'key',
    subject: reads.id,
    scopes: ['read'],
  })
  const message = { topic: 'prices', messages: [{ text: 'x' }] }
  expect((await post(url, 'service.messages.publish', message, sends.secret)).status).toBe(200)
  expect((await get(url, 'service.messages.list', reads.secret, {})).status).toBe(200)
  for (const refused of [
    await post(url, 'service.messages.publish', message, reads.secret),
    await get(url, 'service.messages.list', sends.secret, {}),
    await get(url, 'admin.status', reads.secret),
    await post(url, 'admin.keys.create', { name: 'x', scopes: ['read'] }, sends.secret),
    await post(url, 'auth.logout', {}, sends.secret),
  ]) {
    expect([refused.status, codeOf(refused)]).toEqual([403, 'ERR_FORBIDDEN'])
  }
})

test('a secret is shown once, and nowhere kept', async () => {
  const { keys, store } = await open()
  const { secret, id } = await keys.create.mutate({ name: 'shop', scopes: ['send', 'read'] })
  const listed = await keys.list.query()
  expect(listed).toEqual([{ id, name: 'shop', scopes: ['send', 'read'], createdAtMs: expect.any(Number) }])
  for await (const [name, value] of store.values.read('')) {
    expect(`${name} ${value.toString('latin1')}`).not.toContain(secret.split('_')[2])
  }
})

test('a key that is wrong, revoked or expired is refused', async () => {
  let nowMs = Date.now()
  const { url, keys } = await open(() => nowMs)
  const { secret, id } = await keys.create.mutate({ name: 'a', scopes: ['read'] })
  for (const wrong of [
    `pmk_${id}_${'0'.repeat(64)}`,
    `pmk_${'0'.repeat(16)}_${'0'.repeat(64)}`,
    'pmk_',
    `${secret}0`,
  ]) {
    expect(await triedWith(url, wrong)).toEqual(REFUSED)
  }
  expect(await triedWith(url, secret)).toEqual(TAKEN)
  await keys.revoke.mutate({ id })
  expect(await triedWith(url, secret)).toEqual(REFUSED)
  await expect(keys.revoke.mutate({ id })).rejects.toMatchObject({
    data: { meshCode: 'ERR_KEY_UNKNOWN', httpStatus: 404 },
  })

  const expiring = await keys.create.mutate({ name: 'b', scopes: ['read'], expiresAt: nowMs + 60_000 })
  expect(await triedWith(url, expiring.secret)).toEqual(TAKEN)
  nowMs += 60_000
  expect(await triedWith(url, expiring.secret)).toEqual(REFUSED)
})

test('a key that is rotated has a new secret at once, and the old one for the time that was given', async () => {
  let nowMs = Date.now()
  const { url, keys } = await open(() => nowMs)
  const { secret, id } = await keys.create.mutate({ name: 'a', scopes: ['read'] })
  const rotated = await keys.rotate.mutate({ id, overlapMs: 60_000 })
  expect(rotated).toMatchObject({ id, name: 'a', scopes: ['read'], oldGoodUntilMs: nowMs + 60_000 })
  expect(await triedWith(url, rotated.secret)).toEqual(TAKEN)
  nowMs += 59_999
  expect(await triedWith(url, secret)).toEqual(TAKEN)
  nowMs += 1
  expect(await triedWith(url, secret)).toEqual(REFUSED)
  const last = await keys.rotate.mutate({ id, overlapMs: 0 })
  expect(await triedWith(url, rotated.secret)).toEqual(REFUSED)
  expect(await triedWith(url, last.secret)).toEqual(TAKEN)
})

test('keys are there after a restart, and those that were revoked are not', async () => {
  const { url, keys, restart } = await open()
  const kept = await keys.create.mutate({ name: 'kept', scopes: ['read'] })
  const gone = await keys.create.mutate({ name: 'gone', scopes: ['read'] })
  await keys.revoke.mutate({ id: gone.id })
  expect(await triedWith(url, kept.secret)).toEqual(TAKEN)
  const { url: next = '' } = await restart()
  expect(await triedWith(next, kept.secret)).toEqual(TAKEN)
  expect(await triedWith(next, gone.secret)).toEqual(REFUSED)
})

async function follow(url: string, secret: string): Promise<Response> {
  const input = encodeURIComponent(JSON.stringify({ json: { from: 'start' } }))
  const stream = await fetch(`${url}/trpc/service.messages.subscribe?input=${input}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${secret}` },
  })
  expect(stream.status).toBe(200)
  return stream
}

test('who follows with a secret hears no more when that was rotated, its overlap is over or the key expired', async () => {
  const { url, keys } = await open()
  const { secret, id } = await keys.create.mutate({ name: 'a', scopes: ['read'] })
  const rotatedAway = await follow(url, secret)
  const { secret: second } = await keys.rotate.mutate({ id, overlapMs: 0 })
  expect(await rotatedAway.text()).toContain('it was rotated')

  const overlapping = await follow(url, second)
  const { secret: third } = await keys.rotate.mutate({ id, overlapMs: 300 })
  const going = await follow(url, third)
  expect(await overlapping.text()).toContain('it was rotated')
  await keys.revoke.mutate({ id })
  expect(await going.text()).toContain('the service key was revoked')

  const soon = await keys.create.mutate({ name: 'b', scopes: ['read'], expiresAt: Date.now() + 3_000 })
  expect(await (await follow(url, soon.secret)).text()).toContain('has expired')
})

test('of two rotations at once both count, and a restart knows the same secrets', async () => {
  const { url, keys, restart } = await open()
  const { secret, id } = await keys.create.mutate({ name: 'a', scopes: ['read'] })
  const rotations = await Promise.all([1, 2].map(() => keys.rotate.mutate({ id, overlapMs: 60_000 })))
  const tried = async (at: string) => {
    const [first, ...others] = await Promise.all(
      [secret, ...rotations.map((one) => one.secret)].map((one) => triedWith(at, one)),
    )
    return { first, others }
  }
  const expected = { first: REFUSED, others: [TAKEN, TAKEN] }
  expect(await tried(url)).toEqual(expected)
  const { url: next = '' } = await restart()
  expect(await tried(next)).toEqual(expected)
})

test('a revocation that cannot be written holds at once, and is written when it is asked for again', async () => {
  const { url, keys, restart, store } = await open()
  const { secret, id } = await keys.create.mutate({ name: 'a', scopes: ['read'] })
  const write = vi.spyOn(store.values, 'write').mockRejectedValue(new Error('the disk is gone'))
  await expect(keys.revoke.mutate({ id })).rejects.toThrow()
  expect(await triedWith(url, secret)).toEqual(REFUSED)
  write.mockRestore()
  expect(await keys.revoke.mutate({ id })).toEqual({ revoked: id })
  await expect(keys.revoke.mutate({ id })).rejects.toMatchObject({ data: { meshCode: 'ERR_KEY_UNKNOWN' } })
  const { url: next = '' } = await restart()
  expect(await triedWith(next, secret)).toEqual(REFUSED)
})
