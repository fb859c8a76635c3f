import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { missingForNginx, Nginx } from '../src/nginx/nginx.ts'
import { httpsCall } from './fixtures/https-call.ts'
import { allOf, openTls } from './fixtures/open-tls.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

if (missingForNginx !== undefined) console.warn(missingForNginx)

/** In the place of a node: all that counts is what gets through. */
async function startServer(): Promise<{
  port: number
  came: { url?: string; headers: IncomingHttpHeaders }[]
}> {
  const came: Awaited<ReturnType<typeof startServer>>['came'] = []
  const server = createServer(({ url = '', headers }, response) => {
    came.push({ url, headers })
    response.end()
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, came }
}

test.skipIf(missingForNginx !== undefined)(
  'who sends slowly is cut off, takes no place at the node, and keeps nobody else from calling',
  async () => {
    const { port: apiPort, came } = await startServer()
    const nginx = await Nginx.start(await temporaryFolder(), { apiPort, peersPort: apiPort })
    onTestFinished(() => nginx.stop())
    const { port } = nginx
    const ca = nginx.authority.certificate
    const beginnings = [
      '',
      'GET /slow HT',
      'GET /slow HTTP/1.1\r\nhost: localhost\r\nx: ',
      'POST /slow HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n1',
    ]
    const slow = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const socket = await openTls({ port, ca })
        const beginning = beginnings[at % beginnings.length] as string
        socket.write(beginning)
        // A byte now and then keeps no headers waiting for longer.
        if (!beginning.includes('x: ')) return socket
        const drip = setInterval(() => socket.write('y'), 500)
        socket.once('close', () => clearInterval(drip))
        return socket
      }),
    )
    const ends = Promise.all(slow.map(allOf))
    const forged = { 'x-forwarded-for': '192.0.2.1', 'x-real-ip': '192.0.2.1', forwarded: 'for=192.0.2.1' }
    const headers = { ...forged, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    expect((await httpsCall({ port, ca, path: '/quick', headers })).status).toBe(200)
    expect(new Set(await ends)).toEqual(new Set(['']))
    // Of the quick one nothing that it said of itself.
    expect(came).toEqual([
      {
        url: '/quick',
        headers: {
          host: 'localhost',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-proto': 'https',
        },
      },
    ])
  },
  // Ten seconds of it are what is waited for.
  60_000,
)
