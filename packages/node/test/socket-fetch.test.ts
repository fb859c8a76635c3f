import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { SocketFetch } from '../src/socket-fetch.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const URL = 'http://localhost/'

async function fetchFrom(answer: RequestListener, silenceMs = 30_000): Promise<SocketFetch> {
  const socketPath = join(await temporaryFolder(), 'node.sock')
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return new SocketFetch({ socketPath, silenceMs, keepAliveMs: 1_000 })
}

test('who says nothing is given up, before an answer and in the middle of one', async () => {
  const socket = await fetchFrom(({ url }, response) => {
    if (url === '/half') response.writeHead(200, { 'content-type': 'text/plain' }).write('half')
  }, 100)
  await expect(socket.fetch(URL)).rejects.toThrow('it was silent for 0.1 seconds')
  const half = await socket.fetch(`${URL}half`)
  expect([half.status, half.headers.get('content-type')]).toEqual([200, 'text/plain'])
  await expect(half.text()).rejects.toThrow()
  await socket.close()
})

test('what cannot be an answer is an error', async () => {
  const socket = await fetchFrom((_, response) => response.writeHead(999).end())
  await expect(socket.fetch(URL)).rejects.toThrow(/999|status/)
})

test('who ends in the middle of an answer is seen', async () => {
  const socket = await fetchFrom((_, response) => {
    response.write('half')
    response.socket?.end()
  })
  const answer = await socket.fetch(URL)
  await expect(answer.text()).rejects.toThrow()
})

test('what was asked is answered before it closes', async () => {
  const waiting: ServerResponse[] = []
  const asked = Promise.withResolvers<void>()
  const socket = await fetchFrom((_, response) => {
    waiting.push(response)
    asked.resolve()
  })
  const answer = socket.fetch(URL, { method: 'POST', body: 'x' }).then((response) => response.text())
  await asked.promise
  const order: string[] = []
  const closed = socket.close().then(() => order.push('closed'))
  order.push('answering')
  waiting[0]?.end('taken')
  expect(await answer).toBe('taken')
  await closed
  expect(order).toEqual(['answering', 'closed'])
})

test('an abort ends the request, and what is read of its answer', async () => {
  const socket = await fetchFrom((_, response) => response.write('half'))
  const gone = new AbortController()
  const answer = await socket.fetch(URL, { signal: gone.signal })
  gone.abort()
  await expect(answer.text()).rejects.toThrow()
  await expect(socket.fetch(URL, { signal: gone.signal })).rejects.toThrow()
  await socket.close()
})
