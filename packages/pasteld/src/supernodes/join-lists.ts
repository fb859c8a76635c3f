import { isPastelId } from '@pastel-mesh/identity'
import type { MasternodeExtra } from '../rpc/pasteld-client.ts'
import type { Supernode } from './supernode.ts'

/** The core's lists, by outpoint. */
export interface MasternodeLists {
  readonly full: ReadonlyMap<string, string>
  readonly ranks: ReadonlyMap<string, number>
  readonly publicKeys: ReadonlyMap<string, string>
  readonly extra: ReadonlyMap<string, MasternodeExtra>
}

/** Twenty times as many as the network ever had; at some 600 bytes each, 12 MB. */
export const MAX_SUPERNODES = 20_000
/** Nothing of the core is longer; an operator can register longer texts, and nobody could use them. */
const MAX_TEXT = 512
const OUTPOINT = /^[0-9a-zA-Z]{1,128}-\d{1,10}$/
const COUNT = /^-?\d{1,15}$/

/**
 * Joins the lists by outpoint: what `full` has, with what the others know of it.
 * @returns the supernodes in the order of their outpoints; and how many entries of `full` were left out
 */
export function joinLists(lists: MasternodeLists): { supernodes: Supernode[]; skipped: number } {
  const supernodes: Supernode[] = []
  for (const [outpoint, line] of lists.full) {
    const read = OUTPOINT.test(outpoint) ? readFullLine(line) : undefined
    if (read === undefined || supernodes.length >= MAX_SUPERNODES) continue
    const extra = lists.extra.get(outpoint)
    supernodes.push(
      withPastelId({
        outpoint,
        ...read,
        rank: lists.ranks.get(outpoint),
        publicKey: bounded(lists.publicKeys.get(outpoint)),
        extAddress: bounded(extra?.extAddress),
        extP2P: bounded(extra?.extP2P),
        extKey: bounded(extra?.extKey),
      }),
    )
  }
  supernodes.sort((a, b) => (a.outpoint < b.outpoint ? -1 : 1))
  return { supernodes, skipped: lists.full.size - supernodes.length }
}

/** With the PastelID that `extKey` is, if it is one. */
export function withPastelId(supernode: Supernode): Supernode {
  const { extKey } = supernode
  return isPastelId(extKey) ? { ...supernode, pastelId: extKey } : supernode
}

type FullLine = Pick<
  Supernode,
  | 'status'
  | 'protocolVersion'
  | 'payee'
  | 'lastSeen'
  | 'activeSeconds'
  | 'lastPaidTime'
  | 'lastPaidBlock'
  | 'ipPort'
>

/** A line of `masternodelist full`: eight words, padded with spaces. */
function readFullLine(line: string): FullLine | undefined {
  if (line.length > MAX_TEXT) return undefined
  const [status, version, payee, lastSeen, active, paidTime, paidBlock, ipPort] = line.trim().split(/\s+/)
  if (status === undefined || payee === undefined || ipPort === undefined) return undefined
  const counts = [version, lastSeen, active, paidTime, paidBlock].map((word = '') =>
    COUNT.test(word) ? Number(word) : undefined,
  )
  const [protocolVersion, lastSeenS, activeSeconds, lastPaidTime, lastPaidBlock] = counts
  if (protocolVersion === undefined || lastSeenS === undefined || activeSeconds === undefined)
    return undefined
  if (lastPaidTime === undefined || lastPaidBlock === undefined) return undefined
  return {
    status,
    protocolVersion,
    payee,
    lastSeen: lastSeenS,
    activeSeconds,
    lastPaidTime,
    lastPaidBlock,
    ipPort,
  }
}

function bounded(text: string | undefined): string {
  return text === undefined || text.length > MAX_TEXT ? '' : text
}
