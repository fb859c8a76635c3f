import { createHash } from 'node:crypto'
import type { Masternode } from '../masternode-network.ts'

/** Masternodes ping once in ten minutes. */
const PING_SECONDS = 600

/** A number that is a masternode's own, below the bound. */
function own({ outpoint }: Masternode, what: string, bound: number): number {
  return createHash('sha256').update(`${what}/${outpoint}`).digest().readUInt32BE() % bound
}

/** In s since 1970: its last ping. */
export function lastSeen(masternode: Masternode): number {
  const now = Math.floor(Date.now() / 1000)
  return now - ((now + own(masternode, 'ping', PING_SECONDS)) % PING_SECONDS)
}

export function activeSeconds(masternode: Masternode): number {
  return own(masternode, 'active', 3_000_000) + (lastSeen(masternode) % 1_000_000)
}

/** In s since 1970, and the block; 0: some have never been paid. */
export function lastPaid(masternode: Masternode): { readonly time: number; readonly block: number } {
  const block = own(masternode, 'paid', 1000)
  return block < 100 ? { time: 0, block: 0 } : { time: 1_760_000_000 + block * 150, block: 699_000 + block }
}

/** What Pastel adds to a masternode. */
export function extra({ fields }: Masternode) {
  const { extAddress, extP2P, extKey, extCfg, eligibleForMining } = fields
  return { extAddress, extP2P, extKey, extCfg, eligibleForMining }
}
