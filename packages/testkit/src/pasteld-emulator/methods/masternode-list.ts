import type { Masternode } from '../masternode-network.ts'
import { RPC_INVALID_PARAMETER, RPC_MISC_ERROR, RpcError } from '../rpc-error.ts'
import { type Method, textAt } from './method.ts'
import { activeSeconds, extra, lastPaid, lastSeen } from './seen.ts'

export const masternodeListMethods: Readonly<Record<string, Method>> = {
  masternodelist: (params) => {
    if (params.length > 0) throw new RpcError(RPC_MISC_ERROR, 'masternodelist ( "mode" "filter" )\n')
    throw new RpcError(RPC_MISC_ERROR, 'the emulator knows the modes full, rank, pubkey, extra and status')
  },
  'masternodelist full': list(full),
  'masternodelist pubkey': list(({ publicKey }) => publicKey),
  'masternodelist extra': list(extra),
  'masternodelist status': list(({ fields }) => fields.status),
  'masternodelist rank': (params, { network }) => {
    const isWanted = filterOf(params)
    return Object.fromEntries(
      network
        .ranked(network.height)
        .map(({ outpoint }, index) => [outpoint, index + 1] as const)
        .filter(([outpoint]) => isWanted(outpoint)),
    )
  },
}

function list(value: (masternode: Masternode) => unknown): Method {
  return (params, { network }) => {
    const isWanted = filterOf(params)
    const entries = network.listed().map((masternode) => [masternode.outpoint, value(masternode)] as const)
    return Object.fromEntries(entries.filter(([outpoint, text]) => isWanted(outpoint, text)))
  }
}

/** A further parameter: what the outpoint, or the text, must have in it. */
function filterOf(params: readonly unknown[]): (outpoint: string, text?: unknown) => boolean {
  if (params.length > 3) throw new RpcError(RPC_INVALID_PARAMETER, 'Too many parameters')
  const filter = params[1] === undefined ? '' : textAt(params, 1)
  return (outpoint, text) => outpoint.includes(filter) || (typeof text === 'string' && text.includes(filter))
}

/** One line, in columns that are padded on the left. */
function full(masternode: Masternode): string {
  const { fields, payee } = masternode
  const paid = lastPaid(masternode)
  return [
    fields.status.padStart(18),
    fields.protocolVersion,
    payee,
    lastSeen(masternode),
    String(activeSeconds(masternode)).padStart(8),
    String(paid.time).padStart(10),
    String(paid.block).padStart(6),
    fields.ipPort,
  ].join(' ')
}
