import type { LinkFault } from '../fault.ts'
import { concerns } from './chaos-network.ts'
import { ownAddress, standInAddress } from './namespace-address.ts'

/**
 * Faults of links as rules for packets, in the namespace through which all packets pass. What goes between members a and
 * b goes between a's own address and b's stand-in, and between b's own address and a's stand-in.
 */

/** Bytes that pass at once before a rate counts. */
const BURST_BYTES = 16 * 1024
/** Packets that wait for a slow link; more are lost, as on a real one. */
const MAX_QUEUED = 32
const MAX_PACKET_BYTES = 1514

/** @returns what `nft -f` reads: cuts, silences, losses, and marks on what is to be slow */
export function filterRules(faults: readonly LinkFault[], members: number): string {
  const incoming: string[] = []
  const outgoing: string[] = []
  for (const [a, b] of directedPairs(members)) {
    const of = (kind: LinkFault['kind']) =>
      faults.filter((fault) => fault.kind === kind && concerns(fault, a, b))
    const fromMember = `ip saddr ${ownAddress(a)} ip daddr ${standInAddress(b)}`
    const toMember = `ip saddr ${standInAddress(b)} ip daddr ${ownAddress(a)}`
    if (of('cut').length > 0) {
      // A reset itself must come through.
      const refuse = 'tcp flags & rst == 0 reject with tcp reset'
      incoming.push(`${fromMember} ${refuse}`)
      outgoing.push(`${toMember} ${refuse}`)
    }
    if (of('silence').length > 0) {
      incoming.push(`${fromMember} drop`)
      outgoing.push(`${toMember} drop`)
    }
    // Only what comes from a member, so that nothing passes two chances: its data, and its acknowledgements.
    const loss = Math.max(0, ...of('loss').map(({ amount = 0 }) => amount))
    // All: nft has no chance of 1000 in 1000.
    const chance = loss < 1 ? `numgen random mod 1000 < ${Math.floor(1000 * loss)} ` : ''
    if (loss > 0) incoming.push(`${fromMember} ${chance}drop`)
    if (of('throttle').length > 0) outgoing.push(`${toMember} meta priority set ${classOf(b)}`)
  }
  const chain = (name: string, hook: string, rules: readonly string[]) =>
    [`chain ${name} {`, `type filter hook ${hook} priority 0`, ...rules, '}'].join('\n')
  return [
    // The first line makes one if there is none, so that the second does not fail.
    'table inet chaos',
    'delete table inet chaos',
    'table inet chaos {',
    chain('incoming', 'input', incoming),
    chain('outgoing', 'output', outgoing),
    '}',
    '',
  ].join('\n')
}

/** @returns what `tc -batch` reads: the rates of what goes out to a member through a device; nothing: no limit */
export function rateRules(
  faults: readonly LinkFault[],
  member: number,
  members: number,
  device: string,
): string {
  const classes: string[] = []
  for (let other = 0; other < members; other += 1) {
    const rates = faults
      .filter((fault) => fault.kind === 'throttle' && concerns(fault, member, other))
      .map(({ amount = 0 }) => amount)
    if (rates.length === 0) continue
    const id = classOf(other)
    // In tc's words, `bps` is bytes a second.
    const rate = `rate ${Math.min(...rates)}bps burst ${BURST_BYTES}b quantum ${MAX_PACKET_BYTES}`
    classes.push(
      `class add dev ${device} parent 1: classid ${id} htb ${rate}`,
      `qdisc add dev ${device} parent ${id} pfifo limit ${MAX_QUEUED}`,
    )
  }
  if (classes.length === 0) return ''
  return [`qdisc add dev ${device} root handle 1: htb`, ...classes, ''].join('\n')
}

/** Of what comes from a member's stand-in; hexadecimal for both nft and tc. */
function classOf(member: number): string {
  return `1:${(member + 1).toString(16)}`
}

function* directedPairs(members: number): Generator<[number, number]> {
  for (let a = 0; a < members; a += 1) {
    for (let b = 0; b < members; b += 1) if (a !== b) yield [a, b]
  }
}
