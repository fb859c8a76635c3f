import { describe, expect, it } from 'vitest'
import { parseListenAddress, parsePeerAddress } from '../src/config/addresses.ts'

describe('an address to listen on', () => {
  it.each([
    ['192.0.2.1:7124', '/ip4/192.0.2.1/tcp/7124'],
    ['localhost:7124', '/ip4/127.0.0.1/tcp/7124'],
    ['[::1]:0', '/ip6/::1/tcp/0'],
    ['*:7124', '/ip4/0.0.0.0/tcp/7124'],
    ['/ip4/127.0.0.1/tcp/7125/ws', '/ip4/127.0.0.1/tcp/7125/ws'],
  ])('%s is %s', (text, address) => {
    expect(parseListenAddress(text)).toBe(address)
  })

  it.each([
    ['/ip4/127.0.0.1/udp/7124/quic-v1', /QUIC.*not supported: use \/tcp\/PORT/],
    ['/ip4/127.0.0.1/tcp/7124/tls/ws', /TLS is for a proxy/],
    ['/dns4/example.org/tcp/7124', /not a name/],
    ['example.org:7124', /not a name/],
    ['/ip4/127.0.0.1', /listen on ADDRESS:PORT/],
    ['192.0.2.1:65536', /not an address/],
    ['192.0.2.300:7124', /not an address/],
    ['7124', /not an address/],
    ['', /not an address/],
  ])('%j is none, and why is said', (text, reason) => {
    expect(() => parseListenAddress(text)).toThrow(reason)
  })
})

describe('the address of a node', () => {
  it.each([
    ['192.0.2.1:7124', '/ip4/192.0.2.1/tcp/7124'],
    ['[2001:db8::1]:7124', '/ip6/2001:db8::1/tcp/7124'],
    ['node-1.example.org:7124', '/dns/node-1.example.org/tcp/7124'],
    ['/dns4/example.org/tcp/443/tls/ws', '/dns4/example.org/tcp/443/tls/ws'],
  ])('%s is %s', (text, address) => {
    expect(parsePeerAddress(text)).toBe(address)
  })

  it.each(['*:7124', '192.0.2.1:0', '192.0.2.1', 'a b:1', '/ip4/192.0.2.1/udp/1/quic-v1', '[192.0.2.1]:1'])(
    '%j is none',
    (text) => {
      expect(() => parsePeerAddress(text)).toThrow(expect.objectContaining({ code: 'ERR_ADDRESS' }))
    },
  )
})
