import type { OptionValues } from 'commander'
import { ConfigError, describeProblem } from '../config/config-error.ts'
import { CONFIG_KEYS, valueAt } from '../config/config-keys.ts'
import { formatValue, writtenValue } from '../config/format-value.ts'
import { type LoadedConfig, loadConfig } from '../config/load-config.ts'
import { describeOrigin, type Origin } from '../config/origin.ts'
import { shownPluginSettings } from '../config/plugin-sections.ts'
import { table } from '../table.ts'
import { placesOf } from './config-options.ts'
import { folderProblems } from './folder-problems.ts'
import { json, print, printable, warn } from './output.ts'
import { pluginProblems } from './plugin-problems.ts'

/** Every key, its value and where it comes from. */
export async function printConfig(options: OptionValues): Promise<void> {
  const { config, read, file, origins } = await loadConfig(placesOf(options))
  const keys = CONFIG_KEYS.map((key) => ({
    key,
    value: valueAt(read, key.parts),
    origin: origins.get(key.path) ?? ({ kind: 'default' } as Origin),
  }))
  const ofPlugins = shownPluginSettings(config.ext).map(({ path, shown }) => ({
    path,
    value: shown,
    origin: origins.get(path) ?? ({ kind: 'default' } as Origin),
  }))
  if (options.json === true) {
    const settings = keys.map(({ key, value, origin }) => [
      key.path,
      { value: writtenValue(key, value) ?? null, origin },
    ])
    settings.push(...ofPlugins.map(({ path, value, origin }) => [path, { value, origin }]))
    return print(json({ dataDir: config.dataDir, file: file ?? null, keys: Object.fromEntries(settings) }, 2))
  }
  const rows = keys.map(({ key, value, origin }) => [
    key.path,
    formatValue(key, value),
    describeOrigin(origin),
  ])
  rows.push(...ofPlugins.map(({ path, value, origin }) => [path, value, describeOrigin(origin)]))
  print(
    table(
      [
        ['data folder', config.dataDir],
        ['file', file ?? 'none'],
      ].map((row) => row.map(printable)),
    ),
  )
  print('')
  print(table(rows.map((row) => row.map(printable))))
}

/** Says whether a node could be started with the settings, and with the folder. @returns the exit code */
export async function checkSettings(options: OptionValues): Promise<number> {
  const places = placesOf(options)
  const found = await loadConfig(places).catch((error: unknown) => {
    if (error instanceof ConfigError) return error
    throw error
  })
  const { warnings } = found
  const loaded = found instanceof ConfigError ? undefined : found
  const problems = [
    ...(found instanceof ConfigError ? found.problems : []),
    ...(await folderProblems(places, loaded?.config)),
    ...(loaded === undefined ? [] : await pluginProblems(loaded)),
  ]
  if (options.json === true) {
    const lines = problems.map((problem) => ({ ...problem, line: describeProblem(problem) }))
    print(json({ isRight: problems.length === 0, problems: lines, warnings }, 2))
    return problems.length === 0 ? 0 : 1
  }
  if (loaded === undefined || problems.length > 0) throw new ConfigError(problems, warnings)
  for (const warning of warnings) warn(warning)
  print(printable(describeRight(loaded)))
  return 0
}

function describeRight({ file, origins }: LoadedConfig): string {
  // A section of a plugin is no value.
  const set = [...origins].filter(
    ([path, { kind }]) => kind !== 'default' && !/^ext\.[^.]+$/.test(path),
  ).length
  const values = `${set} ${set === 1 ? 'value' : 'values'} set`
  return `the configuration is right: ${values}, ${file === undefined ? 'no file' : file}`
}
