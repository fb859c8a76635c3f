import { MeshError, type PastelId } from '@pastel-mesh/identity'
import { type PasteldClient, PasteldError } from '@pastel-mesh/pasteld'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import { openCoreKey } from './core-key.ts'
import { type CorePlace, openCore } from './open-core.ts'

/** What the core says of itself when it is asked. */
export interface CoreFacts {
  readonly url: string
  /** What an operator should mend in its settings. */
  readonly warnings: readonly string[]
  readonly chain: string
  readonly version: number
  readonly blocks: number
  /** Undefined: this core does not tell. */
  readonly headers?: number
  readonly connections: number
  /** What the core warns of; empty: nothing. */
  readonly errors: string
  /** Undefined: it is no supernode, for the reason. */
  readonly masternode?: {
    readonly outpoint: string
    /** What the core says of itself. */
    readonly status: string
    /** Its status in the list, which is what others go by; undefined: it is not in it. */
    readonly listed?: string
    /** The PastelID that is registered for it; empty: none. */
    readonly pastelId: string
  }
  readonly noMasternode?: string
  /** PastelIDs whose keys the core has. */
  readonly keys: readonly PastelId[]
  /** Why the core does not sign with the key of `pasteld.signer` and the passphrase in its file; undefined: it does, or none is named. */
  readonly noSignature?: { readonly code: string; readonly message: string }
  /** Of all supernodes. */
  readonly byStatus: Readonly<Record<string, number>>
}

/** What could not be asked, and what to do. */
export interface CoreTrouble {
  readonly code: string
  readonly message: string
  readonly advice: string
}

export type CoreAnswer =
  | { readonly kind: 'answered'; readonly facts: CoreFacts }
  | { readonly kind: 'trouble'; readonly trouble: CoreTrouble }

const ADVICE: Readonly<Record<string, string>> = {
  ERR_PASTELD_UNREACHABLE: 'start the core (pasteld), or say where it is with pasteld.conf or pasteld.url',
  ERR_PASTELD_AUTH:
    "rpcuser and rpcpassword are not the core's: see its pastel.conf, and restart it if that has changed",
  ERR_PASTELD_WARMING_UP: 'wait until it has loaded its blocks',
  ERR_PASTELD_TIMEOUT: 'look at the log of the core: it takes calls and does not answer them',
  ERR_PASTELD_BUSY: 'look at what else calls the core: its queue of calls is full',
  ERR_PASTELD_CONFIG: 'mend what it says, or name another file with pasteld.conf',
}

/** The key that is to sign, if it is in the core. */
type KeyPlace = Pick<CheckedPasteld, 'signer' | 'passphraseFile'>

/** Asks the core. Nothing is changed, and no key or password is in what comes of it. */
export async function askCore(place: CorePlace & KeyPlace, signal: AbortSignal): Promise<CoreAnswer> {
  try {
    const { client, warnings } = await openCore(place)
    try {
      return {
        kind: 'answered',
        facts: { url: client.url, warnings, ...(await read(client, place, signal)) },
      }
    } finally {
      await client.close()
    }
  } catch (error) {
    if (signal.aborted && !(error instanceof MeshError)) {
      const message = 'the core did not answer in time'
      return { kind: 'trouble', trouble: troubleOf('ERR_PASTELD_TIMEOUT', message) }
    }
    if (!(error instanceof MeshError)) throw error
    return { kind: 'trouble', trouble: troubleOf(error.code, error.message) }
  }
}

function troubleOf(code: string, message: string): CoreTrouble {
  return { code, message, advice: ADVICE[code] ?? 'look at the log of the core' }
}

async function read(client: PasteldClient, place: KeyPlace, signal: AbortSignal) {
  const call = { signal, waitForCore: false }
  // Before all others: what is wrong with the core is told once.
  const info = await client.info(call)
  const [headers, masternode, keys, full] = await Promise.all([
    headersOf(client, signal),
    client.masternodeStatus(call).catch(reasonOf),
    client.pastelIds(call),
    client.listFull(call),
  ])
  const noSignature = await trySignature(client, place, keys, signal)
  const byStatus: Record<string, number> = {}
  for (const line of full.values()) {
    const status = statusIn(line)
    byStatus[status] = (byStatus[status] ?? 0) + 1
  }
  const { chain, version, blocks, connections, errors } = info
  return {
    chain,
    version,
    blocks,
    ...(headers === undefined ? {} : { headers }),
    connections,
    errors,
    ...(typeof masternode === 'string'
      ? { noMasternode: masternode }
      : {
          masternode: {
            outpoint: masternode.outpoint,
            status: masternode.status,
            ...listedAs(full.get(masternode.outpoint)),
            pastelId: masternode.extKey,
          },
        }),
    keys,
    ...(noSignature === undefined ? {} : { noSignature }),
    byStatus,
  }
}

function statusIn(line: string): string {
  const [status = ''] = line.trim().split(/\s+/)
  return status || 'UNKNOWN'
}

function listedAs(line: string | undefined): { listed?: string } {
  return line === undefined ? {} : { listed: statusIn(line) }
}

/** Signs a text that says nothing: a passphrase is right or wrong only then. */
async function trySignature(
  client: PasteldClient,
  { signer: pastelId, passphraseFile }: KeyPlace,
  keys: readonly PastelId[],
  signal: AbortSignal,
): Promise<CoreFacts['noSignature']> {
  if (pastelId === undefined || passphraseFile === undefined || !keys.includes(pastelId)) return undefined
  try {
    const signer = await openCoreKey({ pastelId, passphraseFile }, client)
    await signer.check({ signal })
    return undefined
  } catch (error) {
    if (!(error instanceof MeshError)) throw error
    return { code: error.code, message: error.message }
  }
}

/** A core that is no masternode says so by an error. */
function reasonOf(error: unknown): string {
  if (error instanceof PasteldError && error.code === 'ERR_PASTELD_RPC')
    return error.rpcMessage ?? error.message
  throw error
}

/** How many blocks there are, as far as the core has heard; not every core tells. */
async function headersOf(client: PasteldClient, signal: AbortSignal): Promise<number | undefined> {
  try {
    const answer = await client.call('getblockchaininfo', [], { signal })
    const { headers } = (answer ?? {}) as { headers?: unknown }
    return typeof headers === 'number' && Number.isSafeInteger(headers) ? headers : undefined
  } catch (error) {
    if (error instanceof PasteldError && error.code === 'ERR_PASTELD_RPC') return undefined
    throw error
  }
}
