import { join } from 'node:path'
import type { EmulatedChain } from './options.ts'

/** Folders in the data directory: where the core keeps what is of one chain. */
const FOLDERS: Record<EmulatedChain, string> = {
  mainnet: '',
  testnet: 'testnet3',
  devnet: 'devnet',
  regtest: 'regtest',
}

export function chainFolder(dataFolder: string, chain: EmulatedChain): string {
  return join(dataFolder, FOLDERS[chain])
}

/** @param login undefined: the core makes a cookie */
export function pastelConf({
  chain,
  port,
  login,
}: {
  readonly chain: EmulatedChain
  readonly port: number
  readonly login: { readonly user: string; readonly password: string } | undefined
}): string {
  return [
    '# Of an emulator of pasteld, not of a Pastel core.',
    ...(chain === 'mainnet' ? [] : [`${chain}=1`]),
    'server=1',
    'listen=1',
    ...(login === undefined ? [] : [`rpcuser=${login.user}`, `rpcpassword=${login.password}`]),
    'rpcconnect=127.0.0.1',
    `rpcport=${port}`,
    'rpcallowip=127.0.0.1',
    'masternode=1',
    '',
  ].join('\n')
}
