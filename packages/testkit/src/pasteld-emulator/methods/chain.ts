import type { EmulatedChain } from '../options.ts'
import type { Method } from './method.ts'

/** What `getinfo` calls the chains. */
const CHAIN_NAMES: Record<EmulatedChain, string> = {
  mainnet: 'main',
  testnet: 'test',
  devnet: 'dev',
  regtest: 'regtest',
}

export const chainMethods: Readonly<Record<string, Method>> = {
  getblockcount: (_params, { network }) => network.height,
  getinfo: (_params, { self, network, chain }) => ({
    version: 2_010_000,
    protocolversion: self.fields.protocolVersion,
    walletversion: 60_000,
    balance: 0,
    blocks: network.height,
    timeoffset: 0,
    connections: Math.max(0, network.listed().length - 1),
    proxy: '',
    difficulty: 1,
    testnet: chain === 'testnet',
    chain: CHAIN_NAMES[chain],
    keypoololdest: 0,
    keypoolsize: 101,
    paytxfee: 0,
    relayfee: 0.000_01,
    errors: self.fields.warning,
  }),
}
