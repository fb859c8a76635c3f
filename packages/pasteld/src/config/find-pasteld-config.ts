import { access, open } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { explainFileError } from '@pastel-mesh/identity'
import type { PasteldClientOptions } from '../rpc/pasteld-client-options.ts'
import { type PastelConf, parsePastelConf } from './pastel-conf.ts'
import {
  defaultDataDir,
  defaultRpcPort,
  type Machine,
  networkFolder,
  type PastelNetwork,
} from './pastel-network.ts'
import { PasteldConfigError } from './pasteld-config-error.ts'

/** What is known of the core; whatever is not given is found out. */
export interface FindPasteldConfigOptions {
  /** `pastel.conf`. @default that in the core's folder */
  readonly conf?: string
  /** The core's folder. @default that of `conf`; ~/.pastel, ~/Library/Application Support/Pastel, %APPDATA%\Pastel */
  readonly dataDir?: string
  /** @default what `pastel.conf` says, else mainnet */
  readonly network?: PastelNetwork
  /** `http://HOST:PORT`. @default by rpcconnect and rpcport, else this machine and the network's port */
  readonly url?: string
  readonly user?: string
  /** With `url`, no file is looked at. */
  readonly password?: string
  readonly cookieFile?: string
}

/** How the core is reached: the options of `createPasteldClient`, and where they come from. */
export interface PasteldConfig
  extends Pick<PasteldClientOptions, 'url' | 'user' | 'password' | 'cookieFile'> {
  /** Undefined: no file was looked at. */
  readonly network?: PastelNetwork
  /** The `pastel.conf` that was read. */
  readonly conf?: string
  /** The core's folder of this network, where its PastelIDs are. */
  readonly networkDir?: string
  /** What an operator should know, such as a password that others on the machine can read. */
  readonly warnings: readonly string[]
}

/** A file of settings is some lines; what is longer is something else. */
const MAX_CONF_BYTES = 1_048_576
const OTHERS_CAN_READ = 0o044

/**
 * Finds out how the core is reached: from what is given, from `pastel.conf`, and from the `.cookie` of its network where
 * there is no password. A core that is not running is no error: it writes the cookie when it starts.
 *
 * @throws PasteldConfigError ERR_PASTELD_CONFIG: names file, line and what to do
 * @example
 * import { findPasteldConfig } from '@pastel-mesh/pasteld'
 *
 * const { url, warnings } = await findPasteldConfig({ network: 'testnet' })
 * console.log(url, warnings) // http://127.0.0.1:19932 []
 */
export async function findPasteldConfig(
  options: FindPasteldConfigOptions = {},
  machine: Machine = { platform: process.platform, home: homedir(), env: process.env },
): Promise<PasteldConfig> {
  const { url, user, password, cookieFile } = options
  if (url !== undefined && (password !== undefined || cookieFile !== undefined)) {
    return { url, ...given({ user, password, cookieFile }), warnings: [] }
  }
  const path = options.conf ?? join(options.dataDir ?? defaultDataDir(machine), 'pastel.conf')
  const { conf, warnings } = await readConf(path, machine)
  if (conf === undefined && options.conf !== undefined) {
    throw new PasteldConfigError(`there is no ${path}: say where the core's pastel.conf is`)
  }
  if (options.network !== undefined && conf !== undefined && conf.network !== options.network) {
    // One file may serve several cores, started with -testnet and the like; a port in it is that of its own network.
    warnings.push(
      `${path} is of ${conf.network}, and ${options.network} is asked for: its rpcport is not used`,
    )
  }
  const network = options.network ?? conf?.network ?? 'mainnet'
  const networkDir = networkFolder(options.dataDir ?? conf?.datadir ?? dirname(path), network)
  const credentials = findCredentials(options, conf, networkDir)
  if (
    conf === undefined &&
    credentials.cookieFile !== undefined &&
    !(await isThere(credentials.cookieFile))
  ) {
    throw new PasteldConfigError(
      `neither ${path} nor ${credentials.cookieFile} is there: start the core, or say where its settings are (conf), or url, user and password`,
    )
  }
  return {
    url: url ?? urlOf(conf, network),
    ...credentials,
    network,
    ...(conf !== undefined && { conf: path }),
    networkDir,
    warnings,
  }
}

function findCredentials(
  { user, password, cookieFile }: FindPasteldConfigOptions,
  conf: PastelConf | undefined,
  networkDir: string,
): Pick<PasteldClientOptions, 'user' | 'password' | 'cookieFile'> {
  if (password !== undefined) return given({ user, password })
  if (cookieFile !== undefined) return { cookieFile }
  if (conf?.rpcpassword !== undefined) {
    return given({ user: user ?? conf.rpcuser, password: conf.rpcpassword })
  }
  return { cookieFile: join(networkDir, '.cookie') }
}

function urlOf(conf: PastelConf | undefined, network: PastelNetwork): string {
  const host = conf?.rpcconnect ?? '127.0.0.1'
  const port = conf?.network === network ? conf.rpcport : undefined
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port ?? defaultRpcPort(network)}`
}

async function readConf(
  path: string,
  { platform }: Machine,
): Promise<{ conf: PastelConf | undefined; warnings: string[] }> {
  try {
    const file = await open(path, 'r')
    try {
      const { size, mode } = await file.stat()
      if (size > MAX_CONF_BYTES) {
        throw new PasteldConfigError(`${path} has ${size} bytes: it is no pastel.conf`)
      }
      const conf = parsePastelConf(await file.readFile('utf8'), path)
      const isOpen = platform !== 'win32' && conf.rpcpassword !== undefined && (mode & OTHERS_CAN_READ) !== 0
      const warnings = isOpen
        ? [`others on this machine can read the password in ${path}: chmod 600 ${path}`]
        : []
      return { conf, warnings }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof PasteldConfigError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return { conf: undefined, warnings: [] }
    throw new PasteldConfigError(`${path} cannot be read: ${explainFileError(cause)}`, { cause })
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never
}
