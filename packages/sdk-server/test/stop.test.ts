import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { query } from './fixtures/call.ts'
import { halfRequest } from './fixtures/half-request.ts'
import { openServer } from './fixtures/open-server.ts'

/** A request of which half is sent, and the server has it. */
async function halfSent(path: string) {
  const half = await halfRequest({ path })
  // What is answered after it shows that the server has it.
  await query(path, 'admin.status')
  return half
}

describe('the stop of the server', () => {
  it('lets a request finish, and takes no new ones', async () => {
    const { path, server, store } = await openServer({ drainMs: 20_000 })
    const { socket, received, finish } = await halfSent(path)
    const stopped = server.stop()
    await expect(query(path, 'admin.status')).rejects.toThrow(/ENOENT|ECONNREFUSED|ECONNRESET/)
    expect(store.end).toBe(0)
    finish()
    await once(socket, 'end')
    expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(received()).toMatch(/\r\nconnection: close\r\n/i)
    await stopped
    expect(store.end).toBe(1)
    expect(existsSync(path)).toBe(false)
  })

  it('cuts off a request that does not finish in time', async () => {
    const { path, server } = await openServer({ drainMs: 50 })
    const { socket, received } = await halfSent(path)
    const closed = once(socket, 'close')
    await server.stop()
    await closed
    expect(received()).toBe('')
  })

  it('does not wait for connections that are kept open for later', async () => {
    const { path, server } = await openServer({ drainMs: 1_000_000 })
    const agent = new Agent({ keepAlive: true })
    onTestFinished(() => agent.destroy())
    const call = request({ socketPath: path, path: '/trpc/admin.status', agent })
    call.end()
    const [response] = await once(call, 'response')
    response.resume()
    await once(response, 'end')
    await server.stop()
    expect(existsSync(path)).toBe(false)
  })

  it('is over for everyone who asked for it at the same moment', async () => {
    const { path, server } = await openServer()
    const results = [server.stop(), server.stop()].map(async (stopped) => {
      await stopped
      return existsSync(path)
    })
    expect(await Promise.all(results)).toEqual([false, false])
    await server.stop()
  })

  it('can be followed by a start', async () => {
    const { path, server } = await openServer()
    await server.stop()
    await Promise.all([server.start(), server.start()])
    expect((await query(path, 'admin.status')).status).toBe(200)
    const stopping = server.stop()
    await server.start()
    await stopping
    expect((await query(path, 'admin.status')).status).toBe(200)
  })
})
