import type { ClockStatus, Superseded } from '@pastel-mesh/sdk-node'
import { pmeshCommand } from '../pmesh-command.ts'

/** How the node's clock compares with its peers', and what to do. */
export function describeClock({ state, offsetMs = 0, peers }: ClockStatus): string {
  const seconds = Math.round(Math.abs(offsetMs) / 1000)
  const offset = `${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'}`
  if (state === 'ok') return "it agrees with the peers', or none differs any more; messages are accepted"
  if (state === 'doubtful')
    return `it is ${offset} that of the only peer: one of the two is wrong, compare both with NTP`
  return `it is ${offset} those of ${peers} peers: nothing is published until it is set right (NTP does)`
}

/** Who has the node's PastelID now, and what to do. */
export function describeSuperseded(
  { peerId, addresses, unshared }: Superseded & { readonly unshared: number },
  dataDir: string,
): string {
  const where = addresses.length === 0 ? '' : ` at ${addresses.join(', ')}`
  return `another node${where} (${peerId}) has this PastelID now, and this one publishes no more; ${unshared} of its messages are nowhere else: export them with "${pmeshCommand('messages --unshared', dataDir)}", then stop one of the two`
}
