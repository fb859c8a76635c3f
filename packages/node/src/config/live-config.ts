import { isDeepStrictEqual } from 'node:util'
import { MeshError } from '@pastel-mesh/identity'
import type { MemberRegistry, MeshNode } from '@pastel-mesh/sdk-node'
import type {
  Configuration,
  EffectiveConfiguration,
  Reloaded,
  Server,
  SettingChange,
} from '@pastel-mesh/sdk-server'
import type { NodeLogOptions } from '../log/log-options.ts'
import { checkSections } from '../plugins/check-sections.ts'
import type { LoadedPlugin } from '../plugins/load-plugins.ts'
import type { CheckedConfig } from './checked-config.ts'
import { ConfigError } from './config-error.ts'
import type { ConfigKey } from './config-key.ts'
import { CONFIG_KEYS, valueAt } from './config-keys.ts'
import { writtenValue } from './format-value.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Origin } from './origin.ts'
import { shownPluginSettings } from './plugin-sections.ts'

/** Where the configuration of a node comes from, and comes from again. */
export interface ConfigurationSource {
  /** What the node is started with. */
  readonly loaded: LoadedConfig
  /** Reads all of it again. @throws MeshError ERR_CONFIG */
  load(): Promise<LoadedConfig>
  readonly setLogLevel: (level: NodeLogOptions['level']) => void
  /** Hears what a reload came to, whoever asked for it. @default nobody does */
  readonly onReloaded?: (reloaded: Reloaded) => void
}

export interface LiveConfigurationComponents {
  readonly source: ConfigurationSource
  readonly node: Pick<MeshNode, 'setRates' | 'retention'>
  readonly registry: MemberRegistry
  /** Those that run. */
  readonly plugins: readonly LoadedPlugin[]
  /** Made after this, for it is told of it. */
  readonly server: () => Pick<Server, 'change'>
}

type Apply = (config: CheckedConfig, parts: LiveConfigurationComponents) => void

const setRates: Apply = (config, { node }) => node.setRates(config)

/** What can change while the node runs, by the beginning of the key. */
const APPLIED: Readonly<Record<string, Apply>> = {
  'log.level': ({ log }, { source }) => source.setLogLevel(log.level),
  'limits.peerRates.': setRates,
  'limits.senderRates.': setRates,
  'retention.': ({ retention }, { node }) => node.retention.change(retention),
  'api.callRate.': ({ callRate }, { server }) => server().change({ callRate }),
  'api.origins': ({ http }, { server }) => server().change({ corsOrigins: http?.corsOrigins ?? [] }),
}

interface Held {
  readonly value: unknown
  readonly origin: Origin
}

/**
 * What a node runs with: what it was started with, and what reloads have changed since.
 *
 * ```
 *   reload: read ── wrong: nothing has changed
 *            └──▶ members ── wrong: nothing has changed
 *                    └──▶ each key that is another one: applied, or noted for the next start
 * ```
 */
export class LiveConfiguration implements Configuration {
  readonly #components: LiveConfigurationComponents
  readonly #dataDir: string
  /** By the path of the key. */
  readonly #running: Map<string, Held>
  /** What plugins were started with, by the path of the key. */
  readonly #ofPlugins: ReadonlyMap<string, PluginSetting>
  /** What holds after the next start. */
  #pending: ReadonlyMap<string, Held> = new Map()
  #file: string | undefined
  #readAtMs = Date.now()
  /** One reload at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(components: LiveConfigurationComponents) {
    this.#components = components
    const { loaded } = components.source
    this.#dataDir = loaded.config.dataDir
    this.#file = loaded.file
    this.#ofPlugins = pluginSettings(loaded)
    this.#running = new Map(CONFIG_KEYS.map((key) => [key.path, heldIn(loaded, key)]))
  }

  effective(): EffectiveConfiguration {
    const keys = CONFIG_KEYS.map((key) => {
      const pending = this.#pending.get(key.path)
      const shown = describe(key, this.#held(key))
      return [key.path, pending === undefined ? shown : { ...shown, afterRestart: describe(key, pending) }]
    })
    const ofPlugins = [...new Set([...this.#ofPlugins.keys(), ...this.#pending.keys()])]
      .filter((path) => path.startsWith('ext.'))
      .map((path) => {
        const { shown: value, origin } = this.#ofPlugins.get(path) ?? NOT_SET
        const shown: Held = { value, origin }
        const pending = this.#pending.get(path)
        return [path, pending === undefined ? shown : { ...shown, afterRestart: pending }]
      })
    return {
      dataDir: this.#dataDir,
      file: this.#file ?? null,
      readAtMs: this.#readAtMs,
      keys: Object.fromEntries([...keys, ...ofPlugins]),
    }
  }

  reload(): Promise<Reloaded> {
    const turn = this.#turn.then(() => this.#reload())
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #reload(): Promise<Reloaded> {
    const { source } = this.#components
    const loaded = await source.load()
    this.#assertSaysSomething(loaded)
    await this.#checkPlugins(loaded)
    const { members, warning } = await this.#reloadMembers()
    const applied: SettingChange[] = []
    const needsRestart: SettingChange[] = []
    const unchanged: string[] = []
    const toApply = new Set<Apply>()
    const pending = new Map<string, Held>()
    for (const key of CONFIG_KEYS) {
      const before = this.#held(key)
      const after = heldIn(loaded, key)
      if (isDeepStrictEqual(before.value, after.value)) {
        // It may stand somewhere else.
        this.#running.set(key.path, after)
        unchanged.push(key.path)
        continue
      }
      const change = {
        key: key.path,
        before: describe(key, before).value,
        after: describe(key, after).value,
        origin: after.origin,
      }
      const apply = applyOf(key)
      if (apply === undefined) {
        pending.set(key.path, after)
        needsRestart.push(change)
      } else {
        toApply.add(apply)
        this.#running.set(key.path, after)
        applied.push(change)
      }
    }
    for (const change of changesOf(this.#ofPlugins, pluginSettings(loaded))) {
      needsRestart.push(change)
      pending.set(change.key, { value: change.after, origin: change.origin })
    }
    for (const apply of toApply) apply(loaded.config, this.#components)
    this.#pending = pending
    this.#file = loaded.file
    this.#readAtMs = Date.now()
    const reloaded: Reloaded = {
      file: loaded.file ?? null,
      applied,
      needsRestart,
      unchanged,
      ...(members === undefined ? {} : { members }),
      warnings: [...loaded.warnings, ...(warning === undefined ? [] : [warning])],
    }
    source.onReloaded?.(reloaded)
    return reloaded
  }

  /**
   * A file that whoever writes it anew has just removed or emptied would set everything to its default, retention too.
   * @throws ConfigError
   */
  #assertSaysSomething({ file, origins }: LoadedConfig): void {
    const isOfFile = ({ kind }: Origin) => kind === 'file'
    const wasOfFile = [...this.#running.values(), ...this.#pending.values()].some(({ origin }) =>
      isOfFile(origin),
    )
    if (!wasOfFile || [...origins.values()].some(isOfFile)) return
    const now = file === undefined ? 'is not there' : 'says nothing'
    throw new ConfigError([
      {
        reason: `${this.#file}, which this node has settings of, ${now}: start the node anew if that is meant`,
      },
    ])
  }

  /** What plugins are set to now. Other plugins are found and checked at the next start. @throws ConfigError */
  async #checkPlugins({ config, origins }: LoadedConfig): Promise<void> {
    const { source, plugins } = this.#components
    if (!isDeepStrictEqual(config.plugins, source.loaded.config.plugins)) return
    await checkSections(plugins, config.ext, origins)
  }

  async #reloadMembers(): Promise<{ members?: Reloaded['members']; warning?: string }> {
    const { registry } = this.#components
    try {
      const change = await registry.reload?.()
      if (change === undefined) return {}
      const count = registry.members?.().length ?? 0
      return { members: { count, joined: change.joined.length, left: change.left.length } }
    } catch (error) {
      if (!(error instanceof MeshError)) throw error
      // A core that is down is nothing that is wrong with the settings; the last list stands.
      if (error.code.startsWith('ERR_PASTELD_')) return { warning: error.message }
      throw new ConfigError([{ reason: error.message }])
    }
  }

  #held(key: ConfigKey): Held {
    return this.#running.get(key.path) as Held
  }
}

/** A value of a section of a plugin. */
interface PluginSetting extends Held {
  readonly shown: string | null
}

const NOT_SET: PluginSetting = { value: undefined, shown: null, origin: { kind: 'default' } }

function pluginSettings({ config, origins }: LoadedConfig): ReadonlyMap<string, PluginSetting> {
  return new Map(
    shownPluginSettings(config.ext).map(({ path, value, shown }) => [
      path,
      { value, shown, origin: origins.get(path) ?? { kind: 'default' } },
    ]),
  )
}

function changesOf(
  before: ReadonlyMap<string, PluginSetting>,
  after: ReadonlyMap<string, PluginSetting>,
): (Omit<SettingChange, 'origin'> & { readonly origin: Origin })[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) => {
    const from = before.get(key) ?? NOT_SET
    const to = after.get(key) ?? NOT_SET
    return isDeepStrictEqual(from.value, to.value)
      ? []
      : [{ key, before: from.shown, after: to.shown, origin: to.origin }]
  })
}

function heldIn({ read, origins }: LoadedConfig, key: ConfigKey): Held {
  return { value: valueAt(read, key.parts), origin: origins.get(key.path) ?? { kind: 'default' } }
}

function describe(key: ConfigKey, { value, origin }: Held) {
  return { value: writtenValue(key, value) ?? null, origin }
}

function applyOf({ path }: ConfigKey): Apply | undefined {
  const known = Object.entries(APPLIED).find(
    ([begin]) => path === begin || (begin.endsWith('.') && path.startsWith(begin)),
  )
  return known?.[1]
}
