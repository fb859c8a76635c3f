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
    ['192.0.2.1:65536', /not an address such as .*: a port is a number from 1 to 65535$/],
    ['192.0.2.300:7124', /192\.0\.2\.300 is no IPv4 address, which has four numbers up to 255$/],
    ['7124', /not an address such as .*: it is a port alone$/],
    ['', /not an address such as .*: it is empty$/],
    ['2001:db8::1', /an IPv6 address is in brackets, and has a port, as in \[2001:db8::1\]:7124$/],
    ['/ip4/1.2.3/tcp/1', /not an address such as .*: .*1\.2\.3/],
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

  it.each([
    ['*:7124', /\*:PORT is for listening/],
    ['192.0.2.1:0', /a port is a number from 1/],
    ['192.0.2.1', /it has no port, as in 192\.0\.2\.1:7124$/],
    ['a b:1', /a b is neither an IP address nor the name of a host$/],
    ['/ip4/192.0.2.1/udp/1/quic-v1', /QUIC/],
    ['[192.0.2.1]:1', /\[192\.0\.2\.1\] is neither/],
    ['2001:db8::1:7124x', /it has no port/],
    ['wss://example.org', /a URL is none: .*\/tcp\/443\/tls\/ws$/],
  ])('%j is none, and why is said', (text, reason) => {
    const error = expect.objectContaining({
      code: 'ERR_ADDRESS',
      message: expect.stringMatching(reason),
    })
    expect(() => parsePeerAddress(text)).toThrow(error)
  })
})
