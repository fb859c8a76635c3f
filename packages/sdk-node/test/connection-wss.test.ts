import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { hears, startNode, stores } from './fixtures/nodes.ts'
import { startTlsProxy } from './fixtures/tls-proxy.ts'

async function start() {
  const [alice, bob] = await Promise.all([
    startNode({ identity: 'alice', listen: ['/ip4/127.0.0.1/tcp/0/ws'] }),
    startNode({ identity: 'bob' }),
  ])
  const proxy = await startTlsProxy(Number(/\/tcp\/(\d+)\/ws/.exec(alice.address)?.[1]))
  return { alice, bob, proxy }
}

/** What NODE_EXTRA_CA_CERTS does for a process. */
function trust(certificate: string): void {
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, certificate])
  onTestFinished(() => setDefaultCACertificates(before))
}

test.each(['wss', 'tls/ws'])('a node behind a TLS proxy is reached by /%s', async (protocol) => {
  const { alice, bob, proxy } = await start()
  trust(proxy.certificate)
  await bob.node.connect(`/ip4/127.0.0.1/tcp/${proxy.port}/${protocol}`)
  await hears(alice, bob)
  await alice.node.publish('test', { text: 'through TLS' })
  expect(await stores(bob, 1)).toEqual(['through TLS'])
  expect(bob.node.peers()).toHaveLength(1)
})

test('a certificate that nobody vouches for is not accepted', async () => {
  const { bob, proxy } = await start()
  await expect(bob.node.connect(`/ip4/127.0.0.1/tcp/${proxy.port}/tls/ws`)).rejects.toMatchObject({
    code: 'ERR_DIAL',
    message: expect.stringContaining('self-signed certificate'),
  })
  expect(bob.node.peers()).toEqual([])
})
