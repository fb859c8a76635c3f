import { join } from 'node:path'
import type { PastelId, Signer } from '@pastel-mesh/identity'
import {
  type CoreDirectory,
  createPasteldBridge,
  createPasteldRegistry,
  createSupernodeDirectory,
  type PasteldBridge,
  type PasteldClient,
  type PasteldRegistry,
  type PasteldSigner,
} from '@pastel-mesh/pasteld'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { PasteldUse } from '@pastel-mesh/sdk-server'
import type { MessageStore } from '@pastel-mesh/storage'
import type { CheckedConfig } from '../config/checked-config.ts'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import { named, type Part } from '../parts.ts'
import type { PassphrasePrompt } from '../passphrase.ts'
import { quoted } from '../pmesh-command.ts'
import { isPassing, openCoreKey, waitForKey } from './core-key.ts'
import { otherPastelId } from './core-problems.ts'
import { openCore } from './open-core.ts'
import { openToOthers } from './open-to-others.ts'

export interface PastelComponents {
  readonly prompt?: PassphrasePrompt | undefined
  /** Ends what is waited for. */
  readonly signal: AbortSignal
  /** Hears what the node waits for, and what an operator should mend. */
  readonly onNotice: (line: string) => void
  readonly onError: (error: Error) => void
}

/** How often it is looked whether the core that was away is back: who reads the log is in no hurry. */
const LOOK_MS = 1_000

/** What a node has of the Pastel core: the client that all share, the lists, and what is made of them. */
export class Pastel {
  readonly client: PasteldClient
  readonly directory: CoreDirectory
  /** The node's identity, if its key is in the core. */
  readonly signer: PasteldSigner | undefined
  readonly #config: CheckedPasteld
  readonly #dataDir: string
  readonly #components: PastelComponents
  #registry: PasteldRegistry | undefined
  #bridge: PasteldBridge | undefined
  #own: PastelId | undefined
  /** What it was told of that the core's supernode has registered. */
  #toldRegistered: string | undefined
  #unfollow: (() => void) | undefined
  /** Since when it was told that the core is away, in ms since 1970; until it is back nothing more is. */
  #awayMs: number | undefined
  #looking: NodeJS.Timeout | undefined

  /**
   * @returns undefined: there is no core
   * @throws MeshError ERR_PASTELD_CONFIG, ERR_PASSPHRASE_MISSING, ERR_PASSPHRASE_FILE and the like
   */
  static async open(
    { pasteld: config, dataDir }: CheckedConfig,
    components: PastelComponents,
  ): Promise<Pastel | undefined> {
    if (config === undefined) return undefined
    const { client, warnings } = await openCore(config)
    for (const warning of warnings) components.onNotice(warning)
    for (const { path, mode } of await openToOthers(config)) {
      components.onNotice(`others may read ${path} (mode ${mode}): chmod 600 ${quoted(path)}`)
    }
    const { signer: pastelId, passphraseFile } = config
    const signer =
      pastelId === undefined
        ? undefined
        : await openCoreKey({ pastelId, passphraseFile, prompt: components.prompt }, client)
    return new Pastel(config, { dataDir, client, signer, components })
  }

  private constructor(
    config: CheckedPasteld,
    parts: {
      dataDir: string
      client: PasteldClient
      signer: PasteldSigner | undefined
      components: PastelComponents
    },
  ) {
    this.#config = config
    this.#dataDir = parts.dataDir
    this.#components = parts.components
    this.client = parts.client
    this.signer = parts.signer
    this.directory = createSupernodeDirectory({ path: join(parts.dataDir, 'supernodes.json') }, parts)
  }

  /** Says so, once, if the node is not who its core's supernode is. @param own the node's PastelID */
  watch(own: PastelId): void {
    this.#own = own
    this.#unfollow ??= this.directory.onChange(() => this.#compare())
  }

  #tell(error: Error): void {
    if (!isPassing(error)) this.#components.onError(error)
    else if (this.#awayMs === undefined) {
      this.#components.onNotice(`the Pastel core is away: ${error.message}`)
      this.#lookForIt()
    }
  }

  /** A list that says what the last one said is no change that the directory tells of. */
  #lookForIt(): void {
    this.#awayMs = Date.now()
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
  }

  #look(): void {
    const { problem, readAtMs = 0 } = this.directory
    if (this.#awayMs === undefined || problem !== undefined || readAtMs < this.#awayMs) return
    this.#awayMs = undefined
    clearInterval(this.#looking)
    this.#components.onNotice('the Pastel core is back')
  }

  #compare(): void {
    const local = this.directory.local()
    if (local === undefined || this.#own === undefined) return
    const registered = local.pastelId ?? ''
    if (registered === this.#own || registered === this.#toldRegistered) return
    this.#toldRegistered = registered
    this.#components.onNotice(otherPastelId(this.#own, registered))
  }

  /** The registry whose members are the supernodes, and the node itself. */
  registry(own: PastelId): PasteldRegistry {
    const { statuses, roles, maxListAgeMs } = this.#config
    this.#registry = createPasteldRegistry(
      {
        historyPath: join(this.#dataDir, 'supernodes.history'),
        always: [own],
        statuses,
        roles: Object.fromEntries(roles.map(({ role, ...rule }) => [role, rule])),
        maxAgeMs: maxListAgeMs,
      },
      { directory: this.directory },
    )
    return this.#registry
  }

  /** Undefined: there is none. @param obsoleteMs what is older in the core's list is not taken in */
  bridge(
    obsoleteMs: number,
    parts: { signer: Signer; store: MessageStore; node: () => MeshNode },
  ): PasteldBridge | undefined {
    if (this.#config.bridge === undefined) return undefined
    const { client, directory } = this
    const onError = (error: Error) => this.#tell(error)
    const { signer, store, node } = parts
    const components = { client, directory, signer, values: store.values, node, onError }
    this.#bridge = createPasteldBridge({ ...this.#config.bridge, obsoleteMs }, components)
    return this.#bridge
  }

  /** What is started before the members, and stopped after them. */
  get parts(): Part[] {
    const { signer, client, directory } = this
    const { signal, onNotice } = this.#components
    return [
      named('connections to the Pastel core', { start: async () => {}, stop: () => client.close() }),
      ...(signer === undefined
        ? []
        : [
            named('key in the Pastel core', {
              start: () => waitForKey(signer, client, { signal, onWait: onNotice }),
              stop: async () => {},
            }),
          ]),
      named('supernodes', {
        start: async () => {
          await directory.start()
          const { problem } = directory
          if (problem !== undefined) {
            onNotice(describeMissing(directory, problem.message))
            this.#lookForIt()
          }
          this.#compare()
        },
        stop: () => {
          this.#unfollow?.()
          clearInterval(this.#looking)
          return directory.stop()
        },
      }),
    ]
  }

  /** What is started after the node, and stopped before it. */
  get lateParts(): Part[] {
    return this.#bridge === undefined ? [] : [named('bridge to the Pastel core', this.#bridge)]
  }

  /** For the status and the metrics. */
  get use(): PasteldUse {
    const registry = this.#registry
    const bridge = this.#bridge
    return {
      url: this.client.url,
      signer: this.signer === undefined ? 'key-file' : 'core',
      isRegistry: registry !== undefined,
      directory: this.directory,
      ...(registry === undefined ? {} : { isListRefused: () => registry.isRefused }),
      ...(bridge === undefined ? {} : { bridge: () => bridge.status() }),
    }
  }
}

function describeMissing({ readAtMs }: CoreDirectory, problem: string): string {
  const known =
    readAtMs === undefined
      ? 'no list of supernodes is known yet, so none of them is a member, and nothing goes through the core'
      : `the list of supernodes of ${new Date(readAtMs).toISOString()} stands, and nothing goes through the core`
  return `the Pastel core was not reached: ${known} until it is: ${problem}`
}
