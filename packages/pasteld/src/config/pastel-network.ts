import { join, posix, win32 } from 'node:path'

/** The networks of the core. */
export type PastelNetwork = 'mainnet' | 'testnet' | 'devnet' | 'regtest'

/** Where the core listens for calls unless it is told otherwise, and the folder within its own that a network has. */
const NETWORKS: Readonly<Record<PastelNetwork, { readonly rpcPort: number; readonly folder: string }>> = {
  mainnet: { rpcPort: 9932, folder: '' },
  testnet: { rpcPort: 19932, folder: 'testnet3' },
  devnet: { rpcPort: 29932, folder: 'devnet' },
  regtest: { rpcPort: 18232, folder: 'regtest' },
}

/** The port of the core's RPC on a network unless `rpcport` says otherwise. */
export function defaultRpcPort(network: PastelNetwork): number {
  return NETWORKS[network].rpcPort
}

/** The folder in which a core keeps what is of one network: its cookie, its PastelIDs. */
export function networkFolder(dataDir: string, network: PastelNetwork): string {
  return join(dataDir, NETWORKS[network].folder)
}

/** What the folder of the core depends on; of this process unless given. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly home: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Where the core keeps its data, and `pastel.conf`, unless it is told otherwise. */
export function defaultDataDir({ platform, home, env }: Machine): string {
  if (platform === 'win32') return win32.join(env.APPDATA ?? win32.join(home, 'AppData', 'Roaming'), 'Pastel')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'Pastel')
  return posix.join(home, '.pastel')
}
