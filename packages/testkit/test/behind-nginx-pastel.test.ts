import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { PASTEL_OPERATIONS } from '../../sdk-server/src/pastel/pastel-operations.ts'
import { PASSPHRASE, pastelServer } from '../../sdk-server/test/fixtures/pastel-server.ts'
import { freePort } from '../src/mesh/free-port.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { missingForNginx, Nginx } from '../src/nginx/nginx.ts'
import { PASSPHRASE_PREFIX } from '../src/secrets.ts'
import { httpsCall } from './fixtures/https-call.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

if (missingForNginx !== undefined) console.warn(missingForNginx)

interface Proxy {
  /** What is in its location, beside where it leads to. */
  readonly how: string
  /** @default the address of the node */
  readonly to?: string
  /** By which name it is asked. @default one that the node would take of a program of the machine */
  readonly host?: string
  /** What the node says. */
  readonly status: number
}

/** What people write who have not read the guide. */
const PROXIES: readonly Proxy[] = [
  // By HTTP/1.0, and by the address of the node.
  { how: '', status: 401 },
  { how: 'proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr;', status: 401 },
  {
    how: 'proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    status: 401,
  },
  { how: 'proxy_http_version 1.1; proxy_set_header Host $host;', host: 'node.example', status: 401 },
  { how: 'proxy_http_version 1.1; proxy_set_header Host $host;', host: 'evil.example', status: 421 },
  { how: 'proxy_http_version 1.1;', to: 'pmesh_api', status: 421 },
]

test.skipIf(missingForNginx !== undefined)(
  'what acts without a session is not reached through nginx: the shipped one does not hand it on, and the node refuses every other',
  async () => {
    const http = { trustedProxies: ['127.0.0.1'], allowedHosts: ['node.example'] }
    const { url, store, requests, node } = await pastelServer({ http })
    const apiPort = Number(new URL(url).port)
    const ports: number[] = []
    while (ports.length < PROXIES.length) ports.push(await freePort())
    const further = PROXIES.map(
      ({ how, to = `127.0.0.1:${apiPort}` }, at) =>
        `server { listen 127.0.0.1:${ports[at]}; access_log off; location / { ${how} proxy_pass http://${to}; } }`,
    )
    const nginx = await Nginx.start(await temporaryFolder(), {
      apiPort,
      peersPort: await freePort(),
      further: further.join('\n'),
    })
    onTestFinished(() => nginx.stop())
    const local = Object.values(PASTEL_OPERATIONS).filter(({ isLocal }) => isLocal)
    const search = new URLSearchParams({
      message: 'hello',
      message_type: 'greeting',
      receiving_sn_pastelid: node.pastelId,
      pastelid_passphrase: PASSPHRASE,
    })
    const shipped = { port: nginx.port, ca: nginx.authority.certificate }
    for (const { path, method } of local) {
      const answer = await httpsCall({ ...shipped, method, path: `${path}?${search}` })
      expect({ path, status: answer.status }).toEqual({ path, status: 404 })
    }
    expect(requests).toEqual([])
    expect(await nginx.log('pastel-mesh')).not.toContain(PASSPHRASE_PREFIX)
    expect(await httpsCall({ ...shipped, path: '/supernode_list_json' })).toMatchObject({ status: 200 })
    expect(await httpsCall({ ...shipped, path: `/request_challenge/${node.pastelId}` })).toMatchObject({
      status: 200,
    })
    for (const [at, { how, host = 'localhost', status }] of PROXIES.entries()) {
      for (const { path, method } of local) {
        const call = request({
          ...{ host: '127.0.0.1', port: ports[at], method, path: `${path}?${search}` },
          ...{ headers: { host }, agent: false },
        })
        call.end()
        const [response] = await once(call, 'response')
        const body = await text(response)
        expect({ how, path, status: response.statusCode }).toEqual({ how, path, status })
        expect(body).not.toContain(PASSPHRASE_PREFIX)
      }
    }
    await waitUntil(() => requests.length >= local.length, { what: 'the log' })
    expect(JSON.stringify(requests)).not.toContain(PASSPHRASE_PREFIX)
    expect(store.end).toBe(0)
  },
  60_000,
)
