import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { freePort } from '../src/mesh/free-port.ts'
import { missingForNginx, Nginx } from '../src/nginx/nginx.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** What nginx counts whoever has an address by. */
async function counted(socketPath: string, address: string): Promise<string> {
  const call = request({ socketPath, headers: { 'x-address': address } })
  call.end()
  const [response] = await once(call, 'response')
  return (await buffer(response)).toString('hex')
}

test.skipIf(missingForNginx !== undefined)(
  'all addresses of one network of IPv6 count as one, and no others',
  async () => {
    const folder = await temporaryFolder()
    const socket = join(folder, 'asked')
    const port = await freePort()
    const nginx = await Nginx.start(folder, {
      ...{ apiPort: port, peersPort: port },
      further: `server {
        listen unix:${socket};
        set_real_ip_from unix:;
        real_ip_header X-Address;
        default_type text/plain;
        return 200 $pmesh_caller;
      }`,
    })
    onTestFinished(() => nginx.stop())
    const all = (addresses: readonly string[]) =>
      Promise.all(addresses.map((address) => counted(socket, address)))
    // Text has many forms for one network, and a byte of it may be a line end.
    const same = [
      '2001:db8:0:a0a::1',
      '2001:db8:0:a0a:1:2:3:4',
      '2001:db8:0:a0a:a0a:a0a::',
      '2001:db8:0:a0a::',
    ]
    expect(new Set(await all(same))).toEqual(new Set(['20010db800000a0a']))
    expect(new Set(await all(['2001:db8::1', '2001:db8::5:0:0:1', '2001:db8:0:0:1:2:3:4'])).size).toBe(1)
    expect(await all(['192.0.2.1', '192.0.2.10', '10.10.10.10'])).toEqual([
      'c0000201',
      'c000020a',
      '0a0a0a0a',
    ])
    expect(await all(['2001:db8:0:a0b::1', '2001:db8:0:1::'])).toEqual([
      '20010db800000a0b',
      '20010db800000001',
    ])
  },
)
