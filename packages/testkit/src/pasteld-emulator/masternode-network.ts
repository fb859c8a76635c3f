import { createHash, randomBytes } from 'node:crypto'
import type { MasternodeIdentity } from './identity-of.ts'
import type { MasternodeFields } from './options.ts'
import { RPC_MISC_ERROR, RpcError } from './rpc-error.ts'

/** The peers' gossip drops what is longer; the sender is told nothing. */
const MAX_MESSAGE_BYTES = 2 * 1024 * 1024
const FIRST_HEIGHT = 700_000

/** A masternode, with its core if it has one here. */
export interface Masternode extends Omit<MasternodeIdentity, 'fields'> {
  fields: MasternodeFields
  /** Of one whose core is not running it never comes there. */
  receive?(entry: object): void
}

/** What all cores know together: the masternode list, the chain's height, the gossip between them. */
export class MasternodeNetwork {
  readonly #masternodes: readonly Masternode[]
  #height = FIRST_HEIGHT

  constructor(masternodes: readonly Masternode[]) {
    this.#masternodes = masternodes
  }

  get height(): number {
    return this.#height
  }

  /** @returns the new height */
  mine(blocks: number): number {
    this.#height += blocks
    return this.#height
  }

  /** In the order of their outpoints, as a core has them. */
  listed(): Masternode[] {
    return this.#masternodes
      .filter(({ fields }) => fields.isListed)
      .sort((a, b) => (a.outpoint < b.outpoint ? -1 : 1))
  }

  /** Those that are enabled, the first first: another order with each block. */
  ranked(height: number): Masternode[] {
    const score = ({ outpoint }: Masternode) =>
      createHash('sha256').update(`${height}/${outpoint}`).digest('hex')
    return this.listed()
      .filter(({ fields }) => fields.status === 'ENABLED')
      .map((masternode) => ({ masternode, score: score(masternode) }))
      .sort((a, b) => (a.score < b.score ? -1 : 1))
      .map(({ masternode }) => masternode)
  }

  /**
   * At most once: whose core is not running never gets it. A masternode gets nothing of itself.
   * @throws RpcError the sender's core refuses
   */
  carry(from: Masternode, publicKey: string, text: string): void {
    if (!from.fields.isSynced) {
      throw new RpcError(RPC_MISC_ERROR, 'Masternode list must be synced to create message')
    }
    const to = this.listed().find((masternode) => masternode.publicKey === publicKey.toLowerCase())
    if (to === undefined) throw new RpcError(RPC_MISC_ERROR, 'Unknown Masternode')
    if (to === from || Buffer.byteLength(text) > MAX_MESSAGE_BYTES) return
    to.receive?.(messageEntry({ from: from.outpoint, to: to.outpoint, text }))
  }
}

/** An entry of the message list, under an id that is new each time. */
export function messageEntry({
  from,
  to,
  text,
  timestamp = Math.floor(Date.now() / 1000),
}: {
  readonly from: string
  readonly to: string
  readonly text: string
  readonly timestamp?: number
}): object {
  const id = createHash('sha256')
    .update(`${from}${to}${timestamp}${text}`)
    .update(randomBytes(16))
    .digest('hex')
  return { [id]: { From: from, To: to, Timestamp: timestamp, Message: text } }
}
