import type { Masternode } from '../masternode-network.ts'
import { RPC_INTERNAL_ERROR, RPC_INVALID_PARAMETER, RPC_MISC_ERROR, RpcError } from '../rpc-error.ts'
import { type Method, type MethodContext, textAt } from './method.ts'
import { activeSeconds, extra, lastSeen } from './seen.ts'

/** How many `masternode top` gives of a block. */
const TOP = 10

export const masternodeMethods: Readonly<Record<string, Method>> = {
  'masternode message send': (params, { self, network }) => {
    checkMasternode(self)
    const publicKey = textAt(params, 2)
    const text = textAt(params, 3)
    if (!/^(?:[0-9a-f]{2})+$/i.test(publicKey)) {
      throw new RpcError(RPC_INTERNAL_ERROR, 'Invalid Masternode Public Key')
    }
    network.carry(self, publicKey, text)
    return null
  },
  'masternode message list': (_params, { self, messages }) => {
    checkMasternode(self)
    return messages.list
  },
  'masternode message': () => {
    throw new RpcError(
      RPC_INVALID_PARAMETER,
      'Correct usage is:\n  masternode message send <mnPubKey> <message>\n  masternode message list\n',
    )
  },
  'masternode top': (params, { network }) => {
    const height = params[1] === undefined ? network.height : heightAt(params[1])
    if (height < 0 || height > network.height) {
      throw new RpcError(RPC_INVALID_PARAMETER, 'Block height out of range')
    }
    return { [String(height)]: network.ranked(height).slice(0, TOP).map(topEntry) }
  },
  'masternode status': (_params, { self }) => {
    if (!self.fields.isMasternode) throw new RpcError(RPC_INTERNAL_ERROR, 'This is not a masternode')
    return {
      outpoint: self.outpoint,
      service: self.fields.ipPort,
      payee: self.payee,
      ...extra(self),
      alias: self.name,
      status: 'Masternode successfully started',
    }
  },
  'masternode list-conf': (_params, { self }) => ({ masternode: confEntry(self) }),
  masternode: () => {
    throw new RpcError(
      RPC_MISC_ERROR,
      'masternode "command"...\nSet of commands to execute masternode related actions\n',
    )
  },
}

function checkMasternode({ fields }: MethodContext['self']): void {
  if (fields.isMasternode) return
  throw new RpcError(RPC_INTERNAL_ERROR, 'This is not a masternode - only Masternode can send/sign messages')
}

/** A number, or a text of one. */
function heightAt(value: unknown): number {
  if (!/^-?\d+$/.test(String(value))) {
    throw new RpcError(RPC_INVALID_PARAMETER, 'Block height is not a number')
  }
  return Number(value)
}

function topEntry(masternode: Masternode, index: number): object {
  const { fields, outpoint, payee } = masternode
  return {
    rank: String(index + 1),
    'IP:port': fields.ipPort,
    protocol: fields.protocolVersion,
    outpoint,
    payee,
    lastseen: lastSeen(masternode),
    activeseconds: activeSeconds(masternode),
    ...extra(masternode),
  }
}

function confEntry(masternode: Masternode): object {
  const [txHash, outputIndex] = masternode.outpoint.split('-')
  const { extAddress, extP2P, extKey, extCfg } = extra(masternode)
  return {
    alias: masternode.name,
    address: masternode.fields.ipPort,
    privateKey: masternode.masternodePrivateKey,
    txHash,
    outputIndex,
    extAddress,
    extP2P,
    extKey,
    extCfg,
    status: masternode.fields.isListed ? masternode.fields.status : 'MISSING',
  }
}
