import { closestName } from './closest-name.ts'
import { CONFIG_KEYS } from './config-keys.ts'
import { type EnvFile, wrongLineWarnings } from './env-file.ts'
import { describeOrigin, type Origin } from './origin.ts'
import { PASSPHRASE_VARIABLES } from './passphrase-variables.ts'
import { mergePluginSettings, pluginOfVariable, readPluginVariable } from './plugin-sections.ts'
import { type Setting, type Source, valueOfText } from './setting.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Variables of this program that are no keys. */
const OTHER_VARIABLES: readonly string[] = [
  'PMESH_DATA',
  'PMESH_CONFIG',
  // The service key of an application, as the guides have it: it may run in the same terminal.
  'PMESH_KEY',
  ...PASSPHRASE_VARIABLES,
]

export interface EnvironmentSource extends Source {
  /** What is probably a slip, but may as well be somebody else's: a container platform makes variables too. */
  readonly warnings: readonly string[]
}

/** The variables of the process, before those of the file `.env`. An empty one counts as not there. */
export function environmentSource(env: Environment, envFile: EnvFile | undefined): EnvironmentSource {
  const settings = new Map<string, Setting>()
  for (const key of CONFIG_KEYS) {
    const found = findVariable(key.variable, env, envFile)
    if (found === undefined) continue
    const value = key.isList === true ? splitList(found.text) : valueOfText(key, found.text)
    settings.set(key.path, { key, value, origin: found.origin })
  }
  const sections = pluginSections(env, envFile)
  return {
    settings,
    plugins: mergePluginSettings(sections.map(({ settings }) => settings)),
    problems: sections.flatMap(({ problems }) => problems),
    warnings: [...wrongLineWarnings(envFile), ...unknownVariables(env, envFile)],
  }
}

/** A variable that is not empty, and where it is. */
export function findVariable(
  name: string,
  env: Environment,
  envFile: EnvFile | undefined,
): { readonly text: string; readonly origin: Origin } | undefined {
  const text = env[name]
  if (text !== undefined && text !== '') return { text, origin: { kind: 'environment', name } }
  const written = envFile?.variables[name]
  if (envFile === undefined || written === undefined || written === '') return undefined
  return { text: written, origin: { kind: 'env-file', name, path: envFile.path } }
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/** The variables that are sections of plugins. */
function pluginSections(env: Environment, envFile: EnvFile | undefined) {
  return variableNames(env, envFile).flatMap((name) => {
    const plugin = pluginOfVariable(name)
    const found = plugin === undefined ? undefined : findVariable(name, env, envFile)
    return plugin === undefined || found === undefined
      ? []
      : [readPluginVariable(plugin, found.text, found.origin)]
  })
}

function variableNames(env: Environment, envFile: EnvFile | undefined): string[] {
  return [...new Set([...Object.keys(env), ...Object.keys(envFile?.variables ?? {})])]
}

function unknownVariables(env: Environment, envFile: EnvFile | undefined): string[] {
  const known = [...CONFIG_KEYS.map(({ variable }) => variable), ...OTHER_VARIABLES]
  return variableNames(env, envFile)
    .filter((name) => name.startsWith('PMESH_') && !known.includes(name))
    .filter((name) => pluginOfVariable(name) === undefined)
    .sort()
    .map((name) => {
      const meant = closestName(name, known)
      const origin = findVariable(name, env, envFile)?.origin
      const subject = origin === undefined ? name : describeOrigin(origin)
      return `${subject} is no setting, and is ignored${meant === undefined ? '' : `: did you mean ${meant}?`}`
    })
}
