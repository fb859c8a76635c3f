import { expect, test } from 'vitest'
import { clientOf } from './fixtures/client.ts'
import { type CoreAnswer, inTurn, startCore } from './fixtures/scripted-core.ts'
import { waitUntil } from './fixtures/testkit.ts'

const WORK_QUEUE: CoreAnswer = { status: 500, body: 'Work queue depth exceeded' }
const WARMING_UP: CoreAnswer = { error: { code: -28, message: 'Loading block index...' } }
const STOPPING: CoreAnswer = { status: 503, body: '' }
const OK: CoreAnswer = { result: 7 }

test.each([
  [500, -8, 'Invalid parameter'],
  [500, -1, 'Unknown Masternode'],
  [500, -32603, 'This is not a masternode - only Masternode can send/sign messages'],
  [400, -32600, 'Params must be an array'],
  [404, -32601, 'Method not found'],
  [200, -5, 'an error with a good status'],
])('HTTP %i with the code %i is the error of the core, asked once', async (status, code, message) => {
  const core = await startCore(() => ({ status, error: { code, message } }))
  const error = { code: 'ERR_PASTELD_RPC', rpcCode: code, rpcMessage: message }
  await expect(clientOf(core).blockCount()).rejects.toMatchObject(error)
  await expect(clientOf(core).sendMessage('04', 'text')).rejects.toMatchObject(error)
  expect(core.calls).toHaveLength(2)
})

test.each([
  ['the work queue is full', WORK_QUEUE],
  ['it is starting', WARMING_UP],
  ['it is being stopped', STOPPING],
])('every call is made again while %s', async (_, answer) => {
  const core = await startCore(inTurn(answer, answer, OK))
  expect(await clientOf(core).blockCount()).toBe(7)
  core.script = inTurn(answer, answer, OK)
  await clientOf(core).sendMessage('04', 'text')
  core.script = inTurn(answer, answer, OK)
  expect(await clientOf(core).call('anything', [])).toBe(7)
  expect(core.calls).toHaveLength(9)
})

test.each([
  ['ERR_PASTELD_BUSY', WORK_QUEUE],
  ['ERR_PASTELD_WARMING_UP', WARMING_UP],
  ['ERR_PASTELD_UNREACHABLE', STOPPING],
])('%s when that does not end within the time, or is not waited for', async (code, answer) => {
  const core = await startCore(() => answer)
  const client = clientOf(core, { timeoutMs: 300 })
  await expect(client.blockCount()).rejects.toMatchObject({ code })
  await expect(client.sendMessage('04', 'text', { waitForCore: false })).rejects.toMatchObject({ code })
  const before = core.calls.length
  await expect(client.blockCount({ waitForCore: false })).rejects.toMatchObject({ code })
  expect(core.calls).toHaveLength(before + 1)
})

test('a core that is not there is waited for, and a call says so when it does not come', async () => {
  const core = await startCore(() => OK)
  await core.stop()
  const client = clientOf(core)
  const [asked, sent] = [client.blockCount(), client.sendMessage('04', 'text')]
  await expect(client.blockCount({ waitForCore: false })).rejects.toMatchObject({
    code: 'ERR_PASTELD_UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  await expect(client.sendMessage('04', 'other', { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'ERR_PASTELD_UNREACHABLE',
  })
  await core.start()
  expect(await asked).toBe(7)
  await sent
  expect(core.callsOf('masternode', 'message').map(({ params }) => params[3])).toEqual(['text'])
})

test('what is only asked for is asked again when the connection broke, a message is not', async () => {
  const core = await startCore(inTurn('reset', 'reset', OK))
  expect(await clientOf(core).blockCount()).toBe(7)
  expect(core.calls).toHaveLength(3)

  core.script = inTurn('reset', OK)
  const error = { code: 'ERR_PASTELD_UNCERTAIN', cause: { code: 'ERR_PASTELD_UNREACHABLE' } }
  await expect(clientOf(core).sendMessage('04', 'text')).rejects.toMatchObject(error)
  core.script = inTurn('reset', OK)
  await expect(clientOf(core).call('masternode', ['start'])).rejects.toMatchObject(error)
  expect(core.calls).toHaveLength(5)
})

test('a message whose answer does not come, or is none, is uncertain, and sent once', async () => {
  const core = await startCore(() => 'silence')
  const client = clientOf(core, { timeoutMs: 200 })
  await expect(client.sendMessage('04', 'text')).rejects.toMatchObject({
    code: 'ERR_PASTELD_UNCERTAIN',
    cause: { code: 'ERR_PASTELD_TIMEOUT' },
  })
  for (const answer of [
    { raw: 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"result":' },
    { raw: 'nothing of the kind' },
    { status: 200, body: 'fine' },
    { status: 200, body: '{"result":null,"error":null,"id":0}' },
    { status: 502, body: 'Bad Gateway' },
  ] satisfies CoreAnswer[]) {
    core.script = () => answer
    await expect(client.sendMessage('04', 'text')).rejects.toMatchObject({ code: 'ERR_PASTELD_UNCERTAIN' })
  }
  expect(core.calls).toHaveLength(6)
})

test('what answers and is no core', async () => {
  const bodies: CoreAnswer[] = [
    { status: 200, body: '<html>It works</html>' },
    { status: 404, body: 'Not Found' },
    { status: 200, body: '{"result":7,"error":null,"id":99}' },
    { status: 200, body: '[]' },
    { status: 500, body: '{"result":7,"error":null}' },
    { raw: 'SSH-2.0-OpenSSH_9.2\r\n' },
  ]
  for (const body of bodies) {
    const core = await startCore(() => body)
    await expect(clientOf(core).blockCount()).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
    expect(core.calls).toHaveLength(1)
  }
})

test('an answer that is too long is not read to its end', async () => {
  const core = await startCore(() => ({ status: 200, body: `"${'x'.repeat(5_000_000)}"` }))
  const client = clientOf(core, { maxMessageListBytes: 1_000 })
  await expect(client.listMessages()).rejects.toMatchObject({
    code: 'ERR_PASTELD_ANSWER',
    message: /too long: more than 1000 bytes; it has gathered too many messages: restart it/,
  })
  // Another limit holds for the rest.
  await expect(client.blockCount()).rejects.toMatchObject({
    message: expect.not.stringContaining('too long'),
  })
})

test('a request that is longer than the core takes is not sent', async () => {
  const core = await startCore(() => OK)
  const client = clientOf(core)
  const frame = JSON.stringify({ method: 'x', params: [''], id: 1 }).length
  await expect(client.call('x', ['x'.repeat(33_554_433 - frame)])).rejects.toMatchObject({
    code: 'ERR_PASTELD_REQUEST',
  })
  expect(core.calls).toHaveLength(0)
  expect(await client.call('x', ['x'.repeat(33_554_432 - frame)])).toBe(7)
})

test('a caller that gives up hears its own reason, and what waits ends when the client is closed', async () => {
  const core = await startCore(() => 'silence')
  const client = clientOf(core)
  const reason = new Error('given up')
  await expect(client.blockCount({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(core.calls).toHaveLength(0)
  const controller = new AbortController()
  const asked = client.blockCount({ signal: controller.signal })
  const sent = client.sendMessage('04', 'text', { signal: controller.signal })
  controller.abort(reason)
  await expect(asked).rejects.toBe(reason)
  await expect(sent).rejects.toBe(reason)

  core.calls.length = 0
  const [late, sending] = [client.blockCount(), client.sendMessage('04', 'text')]
  await waitUntil(() => core.calls.length === 2, { what: 'both calls' })
  await client.close()
  await expect(late).rejects.toMatchObject({ code: 'ERR_PASTELD_CLOSED' })
  await expect(sending).rejects.toMatchObject({ code: 'ERR_PASTELD_UNCERTAIN' })
  await expect(client.blockCount()).rejects.toMatchObject({ code: 'ERR_PASTELD_CLOSED' })
})

test.each(['https://127.0.0.1:9932', 'http://user:hunter2@127.0.0.1:9932', '127.0.0.1:9932', ''])(
  'a URL that is none of a core: %s',
  async (url) => {
    const core = await startCore(() => OK)
    const error = await Promise.resolve()
      .then(() => clientOf(core, { url }))
      .catch((caught: Error) => caught)
    expect(error).toMatchObject({ code: 'ERR_PASTELD_REQUEST' })
    expect(String(error)).not.toContain('hunter2')
  },
)
