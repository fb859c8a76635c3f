import { dirname, resolve } from 'node:path'
import { DEFAULT_DATA_DIR, dataFolder } from '../data-folder.ts'
import { type CheckedConfig, readConfig, toChecked } from './checked-config.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { type EnvFile, readEnvFile } from './env-file.ts'
import { type Environment, environmentSource, findVariable } from './environment.ts'
import { type ConfigFlags, flagSource } from './flags.ts'
import { describeOrigin, type Origin } from './origin.ts'
import { hasCore, PASTEL_DEFAULTS, PASTEL_REASON } from './pastel-defaults.ts'
import { mergePluginSettings, NO_PLUGIN_SETTINGS } from './plugin-sections.ts'
import { pythonLayerSource } from './python-layer.ts'
import type { ControllerConfig, ReadConfig } from './schema.ts'
import type { Setting, Source } from './setting.ts'
import { yamlSource } from './yaml-file.ts'

/** Where a configuration is looked for. */
export interface ConfigPlaces {
  readonly flags: ConfigFlags
  readonly env: Environment
  /** The current directory: the file `.env` is read from it, and paths are relative to it. */
  readonly cwd: string
  /** `--data`. @default PMESH_DATA, `./.pmesh` */
  readonly dataDir?: string | undefined
  /** `--config`. @default PMESH_CONFIG, `pmesh.yaml` in the data folder if there is one */
  readonly configFile?: string | undefined
}

export interface LoadedConfig {
  readonly config: CheckedConfig
  /** What `createController` takes. */
  readonly input: ControllerConfig
  /** By keys, as people write them: durations in ms, sizes in bytes. */
  readonly read: ReadConfig
  /** By the path of the key, and of the sections of plugins. */
  readonly origins: ReadonlyMap<string, Origin>
  /** The file that was read; undefined: there is none. */
  readonly file?: string
  /** Variables that are probably slips. */
  readonly warnings: readonly string[]
}

/**
 * The configuration of a node: flags before the environment, before the file `.env`, before `pmesh.yaml`, before the names
 * of Pastel's Python layer, before defaults. A list of one source replaces that of another.
 * @throws MeshError ERR_CONFIG: every value that is wrong, with its key and where it came from, one line each
 * @example
 * const { config, origins } = await loadConfig({ flags: {}, env: process.env, cwd: process.cwd() })
 * console.log(config.historyMs, origins.get('sync.history'))
 */
export async function loadConfig(places: ConfigPlaces): Promise<LoadedConfig> {
  const { flags, env, cwd } = places
  const envFile = readEnvFile(cwd)
  const dataDir = findDataDir(places, envFile)
  const environment = environmentSource(env, envFile)
  const { warnings } = environment
  try {
    const file = await readFileSource(places, envFile, dataDir)
    const sources = [flagSource(flags), environment, ...(file ? [file.source] : [])]
    const layer = pythonLayerSource(sources, env, envFile)
    const { input, read, origins } = mergeSources([...sources, layer], dataDir, cwd)
    const path = file === undefined ? {} : { file: file.path }
    const all = [...warnings, ...layer.warnings]
    return { config: toChecked(read), input, read, origins, ...path, warnings: all }
  } catch (error) {
    // What is ignored may be what makes the rest wrong.
    throw error instanceof ConfigError ? new ConfigError(error.problems, warnings) : error
  }
}

/** The data folder: `--data`, PMESH_DATA, `.env`, `./.pmesh`. Absolute. @throws MeshError ERR_CONFIG */
export function findDataDir(
  places: ConfigPlaces,
  envFile: EnvFile | undefined = readEnvFile(places.cwd),
): string {
  const { text, origin } = dataDirSetting(places, envFile)
  if (text === '') {
    throw new ConfigError([{ key: 'data', value: '', origin, reason: 'give the path of a folder' }])
  }
  return resolve(places.cwd, text)
}

/** The data folder as it was given, and where. */
export function dataDirSetting(
  { dataDir, env, cwd }: ConfigPlaces,
  envFile: EnvFile | undefined = readEnvFile(cwd),
): { readonly text: string; readonly origin: Origin } {
  if (dataDir !== undefined) return { text: dataDir, origin: { kind: 'flag', name: '--data' } }
  return findVariable('PMESH_DATA', env, envFile) ?? { text: DEFAULT_DATA_DIR, origin: { kind: 'default' } }
}

/**
 * One configuration of several sources, the first of which wins.
 * @throws MeshError ERR_CONFIG
 */
export function mergeSources(sources: readonly Source[], dataDir: string, cwd = process.cwd()) {
  const settings = new Map<string, Setting>()
  for (const source of sources) {
    for (const [path, setting] of source.settings) if (!settings.has(path)) settings.set(path, setting)
  }
  const plugins = mergePluginSettings(sources.map((source) => source.plugins ?? NO_PLUGIN_SETTINGS))
  const pluginsFrom = folderOf(settings.get('plugins')?.origin) ?? cwd
  const input = { ...toInput(settings.values(), dataDir), pluginsFrom, ext: plugins.sections }
  const { read, problems } = readConfig(input, (path) => originAt(settings, path))
  const all = [...sources.flatMap((source) => source.problems), ...problems, ...secretsInFlags(settings)]
  if (read === undefined || all.length > 0) throw new ConfigError(all)
  const origins = new Map<string, Origin>([
    ...CONFIG_KEYS.map(
      ({ path }) => [path, settings.get(path)?.origin ?? defaultOrigin(path, input)] as const,
    ),
    ...plugins.origins,
  ])
  return { input, read, origins }
}

function defaultOrigin(path: string, input: ControllerConfig): Origin {
  const isPastels = path in PASTEL_DEFAULTS && hasCore(input)
  return isPastels ? { kind: 'default', because: PASTEL_REASON } : { kind: 'default' }
}

/** Of the file that a value stands in; undefined: it stands in none. */
function folderOf(origin: Origin | undefined): string | undefined {
  return origin?.kind === 'file' || origin?.kind === 'env-file' ? dirname(origin.path) : undefined
}

/** Whoever is on the machine sees the arguments of its processes. */
function secretsInFlags(settings: ReadonlyMap<string, Setting>): ConfigProblem[] {
  return [...settings.values()].flatMap(({ key, value, origin }) => {
    if (origin.kind !== 'flag' || typeof value !== 'string') return []
    const holdsSecret = key.isSecret === true || (key.shown !== undefined && key.shown(value) !== value)
    if (!holdsSecret) return []
    const reason = `everybody on this machine can read a password that stands in a command: give it in ${key.variable} or in pmesh.yaml`
    return [{ key: key.path, origin, reason }]
  })
}

async function readFileSource(
  { configFile, env, cwd }: ConfigPlaces,
  envFile: EnvFile | undefined,
  dataDir: string,
): Promise<{ readonly source: Source; readonly path: string } | undefined> {
  const variable = findVariable('PMESH_CONFIG', env, envFile)
  const named = configFile ?? variable?.text
  const path = named === undefined ? dataFolder(dataDir).config : resolve(cwd, named)
  const source = await yamlSource(path, { isNamed: named !== undefined })
  if (source !== undefined) return { source, path }
  if (named === undefined) return undefined
  const by = configFile !== undefined || variable === undefined ? '--config' : describeOrigin(variable.origin)
  throw new ConfigError([{ reason: `the file ${path}, which ${by} names, does not exist` }])
}

function toInput(settings: Iterable<Setting>, dataDir: string): ControllerConfig {
  const input: Record<string, unknown> = { dataDir }
  for (const { key, value } of settings) {
    let section = input
    for (const part of key.parts.slice(0, -1)) {
      section[part] ??= {}
      section = section[part] as Record<string, unknown>
    }
    section[key.parts.at(-1) as string] = value
  }
  return input as ControllerConfig
}

/** Of the key that a path leads to or into. */
function originAt(settings: ReadonlyMap<string, Setting>, path: readonly PropertyKey[]): Origin | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const setting = settings.get(path.slice(0, length).join('.'))
    if (setting === undefined) continue
    const item = path[length]
    return (typeof item === 'number' ? setting.itemOrigins?.[item] : undefined) ?? setting.origin
  }
  return undefined
}
