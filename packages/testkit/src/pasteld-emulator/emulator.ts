import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../mesh/free-port.ts'
import type { EmulatorActions, OpenOptions } from './control.ts'
import { EmulatedCore } from './core.ts'
import { identityOf, makePassphrase } from './identity-of.ts'
import { KeyRing } from './key-ring.ts'
import { Latencies } from './latency.ts'
import { type Masternode, MasternodeNetwork, messageEntry } from './masternode-network.ts'
import type { EmulatedSupernodeOptions, MasternodeFields, SupernodeDescription } from './options.ts'
import { chainFolder, pastelConf } from './pastel-conf.ts'
import { ReceivedMessages } from './received-messages.ts'

/** As the core is compiled. */
const DEFAULT_THREADS = 4
const DEFAULT_QUEUE_DEPTH = 512
const DEFAULT_TIMEOUT_MS = 30_000

/** What an emulator that goes on from an earlier one cannot derive from its seed. */
interface KeptSupernode {
  readonly port: number
  readonly passphrase: string
  readonly login?: { readonly user: string; readonly password: string }
  fields: MasternodeFields
}

/** Everything in the process of an emulator: cores, and the network that joins them. */
export class Emulator implements EmulatorActions {
  readonly #masternodes: Masternode[] = []
  readonly #cores: EmulatedCore[] = []
  readonly #network = new MasternodeNetwork(this.#masternodes)
  #kept: KeptSupernode[] = []
  #statePath = ''

  async open(options: OpenOptions): Promise<readonly SupernodeDescription[]> {
    const { folder, supernodes, listedOnly = 0, seed = 1 } = options
    const wanted =
      typeof supernodes === 'number' ? Array.from({ length: supernodes }, () => ({})) : supernodes
    this.#statePath = join(folder, 'emulator.json')
    this.#kept = await readKept(this.#statePath, wanted, seed)
    this.#keep()
    const descriptions = this.#kept.map((kept, index) => this.#add(kept, index, options))
    for (let index = 0; index < listedOnly; index += 1) {
      this.#masternodes.push(identityOf(seed, wanted.length + index))
    }
    await Promise.all(this.#cores.map((core) => core.start()))
    return descriptions
  }

  async start(supernode: number, warmUpMs?: number): Promise<void> {
    await this.#core(supernode).start(warmUpMs)
  }

  async stop(supernode: number): Promise<void> {
    await this.#core(supernode).stop()
  }

  async crash(supernode: number): Promise<void> {
    await this.#core(supernode).crash()
  }

  async change(supernode: number, fields: Partial<MasternodeFields>): Promise<void> {
    const masternode = at(this.#masternodes, supernode)
    masternode.fields = { ...masternode.fields, ...fields }
    const kept = this.#kept[supernode]
    if (kept === undefined) return
    kept.fields = masternode.fields
    this.#keep()
  }

  async injectFault(...[supernode, fault]: Parameters<EmulatorActions['injectFault']>): Promise<void> {
    this.#core(supernode).arm(fault)
  }

  async injectEntry(...[supernode, fault]: Parameters<EmulatorActions['injectEntry']>): Promise<void> {
    const { outpoint } = at(this.#masternodes, supernode)
    const entry = 'entry' in fault ? fault.entry : messageEntry({ to: outpoint, ...fault.message })
    this.#core(supernode).messages.add(entry)
  }

  async calls(supernode: number) {
    return this.#core(supernode).calls
  }

  async messages(supernode: number) {
    return this.#core(supernode).messages.list
  }

  async writeKeyFile(supernode: number): Promise<string> {
    return await this.#core(supernode).keys.writeOwn()
  }

  async mine(blocks: number): Promise<number> {
    return this.#network.mine(blocks)
  }

  #core(supernode: number): EmulatedCore {
    return at(this.#cores, supernode)
  }

  #keep(): void {
    writeFileSync(this.#statePath, JSON.stringify(this.#kept, undefined, 2), { mode: 0o600 })
  }

  #add(kept: KeptSupernode, index: number, options: OpenOptions): SupernodeDescription {
    const { seed = 1, chain = 'testnet' } = options
    const { port, passphrase, login } = kept
    const identity = identityOf(seed, index)
    const dataFolder = join(options.folder, identity.name)
    const confPath = join(dataFolder, 'pastel.conf')
    const ofChain = chainFolder(dataFolder, chain)
    const keysFolder = join(ofChain, 'pastelkeys')
    mkdirSync(keysFolder, { recursive: true })
    writeFileSync(confPath, pastelConf({ chain, port, login }), { mode: 0o600 })
    const messages = new ReceivedMessages(join(ofChain, 'emulator-messages.jsonl'))
    const { pastelId, pastelIdSeed, legRoastKey } = identity
    const keys = new KeyRing(keysFolder, { pastelId, seed: pastelIdSeed, passphrase, legRoastKey })
    const self: Masternode = {
      ...identity,
      fields: kept.fields,
      receive(entry) {
        if (core.isConnected) messages.add(entry)
      },
    }
    const core = new EmulatedCore(
      {
        port,
        chainFolder: ofChain,
        login,
        threads: options.rpcThreads ?? DEFAULT_THREADS,
        depth: options.workQueueDepth ?? DEFAULT_QUEUE_DEPTH,
        timeoutMs: options.serverTimeoutMs ?? DEFAULT_TIMEOUT_MS,
        warmUpMs: options.warmUpMs ?? 0,
      },
      {
        context: { self, network: this.#network, messages, keys, chain },
        latencies: new Latencies(options, seed + index),
      },
    )
    this.#masternodes.push(self)
    this.#cores.push(core)
    const { name, outpoint, publicKey, masternodePrivateKey } = identity
    return {
      name,
      url: `http://127.0.0.1:${port}`,
      confPath,
      dataFolder,
      ...(login === undefined ? {} : { rpcUser: login.user, rpcPassword: login.password }),
      outpoint,
      publicKey,
      masternodePrivateKey,
      pastelId,
      passphrase,
      pastelIdSeed: Buffer.from(pastelIdSeed).toString('hex'),
      keyFilePath: keys.ownPath,
    }
  }
}

async function readKept(
  path: string,
  wanted: readonly EmulatedSupernodeOptions[],
  seed: number,
): Promise<KeptSupernode[]> {
  const kept: KeptSupernode[] = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : []
  for (const [index, { auth, fields }] of wanted.entries()) {
    if (kept[index] !== undefined) continue
    let port = await freePort()
    while (kept.some((other) => other.port === port)) port = await freePort()
    const login = { user: `user-${index + 1}`, password: randomBytes(16).toString('hex') }
    kept.push({
      port,
      passphrase: makePassphrase(),
      ...(auth === 'cookie' ? {} : { login }),
      fields: identityOf(seed, index, fields).fields,
    })
  }
  return kept.slice(0, wanted.length)
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index]
  if (value === undefined) throw new Error(`there is no supernode ${index + 1}`)
  return value
}
