import { MeshError } from '@pastel-mesh/identity'
import { expect, it, vi } from 'vitest'
import { errorOf, mutate, query } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('an internal error is masked for the caller and reported to the node', async () => {
  const { path, node, errors } = await openServer()
  // The one way to a fault of the program itself: a part that breaks its contract.
  Object.defineProperty(node, 'counters', {
    get() {
      throw new TypeError('secret detail')
    },
  })
  const answer = await query(path, 'admin.status')
  expect(answer.status).toBe(500)
  expect(errorOf(answer)).toMatchObject({
    message: 'an internal error: see the log of the node',
    data: { code: 'INTERNAL_SERVER_ERROR' },
  })
  expect(answer.text).not.toContain('secret')
  expect(errors.map(({ message }) => message)).toEqual(['admin.status failed: secret detail'])
})

it('an error of the database keeps its code', async () => {
  const { path, node, store, errors } = await openServer()
  await node.publish('a', { text: 'x' })
  await store.stop()
  const answer = await query(path, 'service.messages.list', {})
  expect(answer.status).toBe(503)
  expect(errorOf(answer)).toMatchObject({
    message: expect.stringContaining('the database'),
    data: { code: 'SERVICE_UNAVAILABLE', meshCode: 'ERR_STORE_UNAVAILABLE' },
  })
  expect(errors).toEqual([])
})

it('an error of a part that no caller is meant to see keeps its code, is masked and reported', async () => {
  const { path, node, store, errors } = await openServer({ http: {} })
  await node.publish('a', { text: 'x' })
  const failure = new MeshError('ERR_COMMIT_FAILED', 'IO error: /secret/path/000005.log')
  vi.spyOn(store.values, 'write').mockRejectedValue(failure)
  const answer = await mutate(path, 'admin.keys.create', { name: 'a', scopes: ['read'] })
  expect(answer.status).toBe(500)
  expect(errorOf(answer)).toMatchObject({
    message: 'an internal error: see the log of the node',
    data: { code: 'INTERNAL_SERVER_ERROR', meshCode: 'ERR_COMMIT_FAILED' },
  })
  expect(answer.text).not.toContain('secret')
  expect(errors.map(({ message }) => message)).toContain(`admin.keys.create failed: ${failure.message}`)
})
