import { expect, test } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'

test('what nobody else holds comes in pages, each message once', async () => {
  const { path, node } = await openServer()
  const { admin } = apiOf(path)
  expect(await admin.unshared.query({})).toEqual({ messages: [], next: undefined })
  await node.publishMany('prices', [{ text: 'a' }, { json: { b: 1 } }, { text: 'c' }])
  const first = await admin.unshared.query({ limit: 2 })
  expect(first.messages).toMatchObject([{ text: 'a', topic: 'prices' }, { json: { b: 1 } }])
  const second = await admin.unshared.query({ limit: 2, from: first.next as string })
  expect(second).toMatchObject({ messages: [{ text: 'c' }], next: undefined })
  expect((await admin.status.query()).standing).toEqual({
    clock: { state: 'ok', peers: 0 },
    certificate: expect.anything(),
  })
})
