import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, test } from 'vitest'
import { dialableAddresses, parseConnectTarget } from '../src/connection/connect-target.ts'
import { seededSigner } from './fixtures/testkit.ts'

const PEER_ID = '12D3KooWRm8J3iL796zPFi2EtGGtUJn58AG67gcqzMFHZnnsTzqD'

describe('whom to connect to', () => {
  test.each([
    ['192.0.2.1:7124', '/ip4/192.0.2.1/tcp/7124'],
    ['localhost:7124', '/ip4/127.0.0.1/tcp/7124'],
    ['[2001:db8::1]:7124', '/ip6/2001:db8::1/tcp/7124'],
    ['[::1]:1', '/ip6/::1/tcp/1'],
    ['/ip4/192.0.2.1/tcp/7124', '/ip4/192.0.2.1/tcp/7124'],
    [`/ip4/192.0.2.1/tcp/7124/p2p/${PEER_ID}`, `/ip4/192.0.2.1/tcp/7124/p2p/${PEER_ID}`],
    ['/ip6/::1/tcp/7124/ws', '/ip6/::1/tcp/7124/ws'],
    ['/dns4/example.org/tcp/443/wss', '/dns4/example.org/tcp/443/wss'],
    [`/dns/example.org/tcp/443/tls/ws/p2p/${PEER_ID}`, `/dns/example.org/tcp/443/tls/ws/p2p/${PEER_ID}`],
  ])('%s is an address', (text, address) => {
    expect(String((parseConnectTarget(text) as { address: unknown }).address)).toBe(address)
  })

  test('a PastelID is one', () => {
    const { pastelId } = seededSigner('alice')
    expect(parseConnectTarget(pastelId)).toEqual({ kind: 'pastelId', pastelId })
  })

  test.each([
    '',
    'nonsense',
    'example.org:7124',
    '192.0.2.1',
    '192.0.2.1:0',
    '192.0.2.1:65536',
    '192.0.2.1:7124:1',
    '192.0.2.256:7124',
    '2001:db8::1:7124',
    '[192.0.2.1]:7124',
    '[::1]',
    '[::1%eth0]:1',
    ' 192.0.2.1:7124',
    '/',
    '/ip4',
    '/ip4/192.0.2.1',
    '/ip4/192.0.2.1/udp/7124/quic-v1',
    '/ip4/192.0.2.1/tcp/99999',
    `/p2p/${PEER_ID}`,
    '/unix/tmp',
    'j'.repeat(86),
    `${seededSigner('alice').pastelId.slice(0, -1)}0`,
    '/ip4/192.0.2.1/tcp/7124/'.repeat(1_000),
    '\u0000',
  ])('%j is none', (text) => {
    expect(() => parseConnectTarget(text)).toThrow(
      expect.objectContaining({ code: 'ERR_ADDRESS', message: expect.stringMatching(/^.{10,500}$/s) }),
    )
  })
})

test('of the addresses of a certificate, those are dialled that can be', () => {
  const good = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.1/tcp/2/ws'].map((text) => multiaddr(text).bytes)
  const bad = [Buffer.from('garbage'), multiaddr('/ip4/192.0.2.1/udp/3').bytes]
  expect(dialableAddresses([...bad, ...good]).map(String)).toEqual([
    '/ip4/192.0.2.1/tcp/1',
    '/ip4/192.0.2.1/tcp/2/ws',
  ])
})
