import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { finished, gather } from './fixtures/cli.ts'
import { socketClient } from './fixtures/socket-client.ts'
import type { SupplierRouter } from './fixtures/supplier-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const MAIN = fileURLToPath(new URL('./fixtures/supplier-controller.ts', import.meta.url))

test('a controller that is written as for the WindingTree SDK compiles, runs, and stops in order', async () => {
  const folder = await temporaryFolder()
  const child = spawn(process.execPath, ['--conditions=source', MAIN, folder])
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const output = gather(child.stdout)
  const ended = finished(child)
  await waitUntil(() => output().includes('ready'), { what: 'the controller to be ready' })

  const { api } = socketClient<SupplierRouter>(folder)
  expect(await api.user.hello.query()).toBe('hello')
  expect(await api.deals.create.mutate({ id: '0x01' })).toMatch(/^claim:/)
  await waitUntil(async () => (await api.deals.getAll.query())[0]?.status === 'claimed', {
    what: 'the deal to be claimed',
  })
  const request = { type: 'request', json: { query: 'Vienna' } }
  const { ids } = await api.service.messages.publish.mutate({ topic: 'hotels', messages: [request] })
  await waitUntil(() => /^offered /m.test(output()), { what: 'the offer' })
  const { messages } = await api.service.messages.list.query({ topic: 'hotels' })
  expect(messages.find(({ type }) => type === 'offer')).toMatchObject({ replyTo: ids[0] })

  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, stderr: '' })
  expect(output()).toMatch(/node started\nready[\s\S]*SIGTERM: stopping[\s\S]*node stopped\n$/)
})
