import { BlockList, isIPv6 } from 'node:net'
import type { Finding } from './check.ts'
import type { ReadPulses } from './proxy-events.ts'

/** Of documentation alone: nobody calls from there, and this claims to. */
export const FORGED_ADDRESS = '192.0.2.119'

/** Of the loopback: programs that do not ask for it do not call from there. */
export const OTHER_ADDRESS = '127.0.0.2'
/** From where programs of this machine call each other, a proxy the node as well. */
const USUAL_ADDRESSES: readonly string[] = ['127.0.0.1', '::1']

/** Whether the node has the address of who calls, and believes nobody who claims another. */
export async function callerFinding(
  { pulses, localAddress }: ReadPulses & { kind: 'read' },
  proxies: readonly string[],
): Promise<Finding> {
  // Only now: it brings all of the server with it.
  const { callerAddress } = await import('@pastel-mesh/sdk-server')
  const seen = pulses[0]?.address ?? ''
  const own = callerAddress(localAddress)
  const measured = { seenAs: seen, calledFrom: localAddress, proxies }
  const isProxy = matcher(proxies)
  if (seen === FORGED_ADDRESS) {
    // What a proxy claims counts.
    if (isProxy(localAddress)) {
      return {
        state: 'not-checked',
        message: `this machine (${localAddress}) is a proxy by api.proxies: whom it claims to call for counts`,
        measured,
      }
    }
    return {
      state: 'failed',
      message:
        'callers are believed who they claim to be: X-Forwarded-For is handed on as it came, so limits and bans hold nobody',
      advice: 'nginx: proxy_set_header X-Forwarded-For $remote_addr;',
      measured,
    }
  }
  if (seen === own && (isProxy(localAddress) || USUAL_ADDRESSES.includes(callerText(localAddress)))) {
    return {
      state: 'not-checked',
      message: `this machine calls from ${callerText(localAddress)}, as a proxy on it does: whether that says who calls shows from another machine`,
      measured,
    }
  }
  if (seen === own) {
    return { state: 'ok', message: `callers have their own address: this one ${own}`, measured }
  }
  if (isProxy(seen)) {
    return {
      state: 'warning',
      message: `all callers count as one, the proxy ${seen}: it does not say who calls`,
      advice: 'nginx: proxy_set_header X-Forwarded-For $remote_addr;',
      measured,
    }
  }
  if (proxies.length === 0) {
    return {
      state: 'warning',
      message: `all callers count as one, ${seen}, which is the proxy`,
      advice: `set api.proxies to ${seen}; nginx: proxy_set_header X-Forwarded-For $remote_addr;`,
      measured,
    }
  }
  return {
    state: 'warning',
    message: `a call from ${localAddress} is seen as from ${seen}, which is no proxy by api.proxies`,
    advice: `if ${seen} is a proxy, add it to api.proxies; if a router puts its address there, nothing is wrong`,
    measured,
  }
}

/** @param proxies addresses, and networks such as `10.0.0.0/8` */
function matcher(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return (address) => {
    const [plain = ''] = callerText(address).split('/')
    return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4')
  }
}

/** An IPv4 address as it is written, also where a socket of IPv6 has it. */
function callerText(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}
