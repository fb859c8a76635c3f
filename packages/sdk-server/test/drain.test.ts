import { expect, it } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('a node that is drained takes no more messages and jobs, lets what runs end, and is not ready', async () => {
  const gate = Promise.withResolvers<void>()
  const { path, node, queue, server } = await openServer({
    monitoring: {},
    prepare: (jobs) =>
      jobs.registerHandler('slow', async () => {
        await gate.promise
        await node.publish('prices', { text: 'of the job' })
      }),
  })
  const { admin } = apiOf(path)
  const { id } = await queue.add('slow', null)
  await waitUntil(async () => (await queue.get(id))?.status === 'running', { what: 'the job to run' })
  expect((await admin.status.query()).drainingSinceMs).toBeNull()

  const { sinceMs, running } = await admin.drain.mutate()
  expect(running).toBe(1)
  expect((await admin.status.query()).drainingSinceMs).toBe(sinceMs)
  expect((await admin.drain.mutate()).sinceMs).toBe(sinceMs)
  for (const [procedure, input] of [
    ['service.messages.publish', { topic: 'prices', messages: [{ text: 'late' }] }],
    ['service.messages.send', { to: [node.pastelId], messages: [{ text: 'late' }] }],
    ['admin.jobs.add', { name: 'slow', data: null }],
  ] as const) {
    const answer = await mutate(path, procedure, input)
    expect([procedure, answer.status, errorOf(answer).data.meshCode]).toEqual([
      procedure,
      503,
      'ERR_DRAINING',
    ])
  }
  const ready = await fetch(`${server.monitoringUrl}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ ready: false, reasons: [{ code: 'draining' }] })

  // One that comes another way waits for the next start.
  const other = await queue.add('slow', null)
  gate.resolve()
  await queue.waitFor(id)
  expect((await queue.get(other.id))?.status).toBe('waiting')
  expect(node.counters.published.messages).toBe(1)
})

it('a node that is part of another program is not shut down by its API', async () => {
  const { path } = await openServer()
  const answer = await mutate(path, 'admin.shutdown', undefined)
  expect([answer.status, errorOf(answer).data.meshCode]).toEqual([412, 'ERR_NO_SHUTDOWN'])
})
