import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { greet } from '../../node/src/doctor/greet.ts'
import { diagnosed } from '../../node/test/fixtures/doctor.ts'
import { missingForNginx } from '../src/nginx/nginx.ts'
import { servedBehindNginx } from './fixtures/served-behind-nginx.ts'

const served = servedBehindNginx()

/** What `pmesh doctor` says of nginx, and of its certificate. */
async function looked() {
  const { node, nginx } = served
  const { of } = await diagnosed(['--data', node.dataDir], {
    env: { NODE_EXTRA_CA_CERTS: nginx.authority.file },
  })
  return { proxy: of('proxy'), certificate: of('certificate'), port: of('port') }
}

/** Another line in one of the files of nginx. */
async function changed(file: string, from: string, to: string): Promise<void> {
  const path = join(served.nginx.settings, file)
  const before = await readFile(path, 'utf8')
  expect(before).toContain(from)
  await writeFile(path, before.replaceAll(from, to))
}

describe.skipIf(missingForNginx !== undefined)('pmesh doctor looks through nginx', () => {
  test('and finds nothing wrong with the files as they are shipped', async () => {
    const { proxy, certificate, port } = await looked()
    const [api] = port.filter(({ measured }) => measured?.key === 'api.listen')
    expect(api).toMatchObject({ state: 'ok', measured: { pid: served.node.process.pid } })
    expect(proxy.map(({ state, message }) => [state, message.split(':')[0]])).toEqual([
      ['ok', 'events come as they are sent'],
      ['ok', 'WebSockets get through'],
      ['ok', 'callers have their own address'],
      ['ok', 'what is for this machine alone is kept'],
    ])
    // The authority of the tests gives them for two days.
    expect(certificate).toMatchObject([
      { state: 'warning', message: expect.stringMatching(/^good for 1 day only/) },
    ])
    const { port: tlsPort } = served.nginx
    const greeted = await greet(`/dns4/localhost/tcp/${tlsPort}/tls/ws`, 10_000, new AbortController().signal)
    expect(greeted[0]).toMatchObject({ kind: 'node', ip: '127.0.0.1' })
  })

  test('and finds that it buffers, believes callers, and hands on no WebSockets', async () => {
    const buffers = 'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;'
    await changed('pastel-mesh/node.conf', 'proxy_buffering off;', buffers)
    await changed('pastel-mesh/proxy.conf', 'For $remote_addr', 'For $http_x_forwarded_for')
    await changed('pastel-mesh/websocket.conf', 'Upgrade $pmesh_upgrade', 'Upgrade ""')
    await served.nginx.reload()
    const { proxy } = await looked()
    expect(proxy).toMatchObject([
      {
        state: 'failed',
        message: expect.stringMatching(
          /^events are kept back: 5 events that were sent over 1\d{3} ms came over \d+ ms/,
        ),
        advice: expect.stringContaining('proxy_buffering off;'),
      },
      { state: 'failed', message: expect.stringMatching(/^WebSockets do not get through: HTTP 4\d\d/) },
      { state: 'failed', message: expect.stringContaining('believed who they claim to be') },
      { state: 'ok' },
    ])
  })
})
