import { isIPv6 } from 'node:net'

/** Groups of an IPv6 address that name a network: whoever has one has all addresses in it. */
const NETWORK_GROUPS = 4

/** What limits count callers by: the IPv4 address, or the network of an IPv6 address. */
export function callerAddress(address: string | undefined): string {
  const [text = ''] = (address ?? '').split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  if (mapped !== undefined || !isIPv6(text)) return mapped ?? text
  const [head = '', tail] = text.split('::')
  const groupsOf = (part: string) => part.split(':').filter((group) => group !== '')
  const before = groupsOf(head)
  const after = groupsOf(tail ?? '')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  return `${groups.slice(0, NETWORK_GROUPS).join(':').toLowerCase()}::/64`
}
