import { isSecretName, MeshError } from '@pastel-mesh/identity'
import type { StandardSchema } from '@pastel-mesh/sdk-node'
import { closestName } from '../config/closest-name.ts'
import { ConfigError, type ConfigProblem } from '../config/config-error.ts'
import { valueAt } from '../config/config-keys.ts'
import type { Origin } from '../config/origin.ts'
import { type PluginSections, shownPluginValue } from '../config/plugin-sections.ts'
import { within } from '../within.ts'
import type { LoadedPlugin } from './load-plugins.ts'
import { messageOf } from './message-of.ts'

/** How long a schema may take: one that asks somebody else must not hold up the start for ever. */
const CHECK_MS = 30_000

/**
 * What each plugin is set to, as its schema gives it, by its name.
 * @param origins where the sections come from, by path
 * @throws MeshError ERR_PLUGIN: two have one name, or a schema throws; ERR_CONFIG: every value that is wrong, one line each
 */
export async function checkSections(
  plugins: readonly LoadedPlugin[],
  sections: PluginSections,
  origins: ReadonlyMap<string, Origin> = new Map(),
): Promise<Map<string, unknown>> {
  const names = new Set<string>()
  for (const { plugin } of plugins) {
    if (names.has(plugin.name)) {
      throw new MeshError('ERR_PLUGIN', `two plugins are named ${plugin.name}: leave out one of them`)
    }
    names.add(plugin.name)
  }
  const problems: ConfigProblem[] = unknownSections(sections, names, origins)
  const checked = new Map<string, unknown>()
  for (const { plugin } of plugins) {
    const { name } = plugin
    const { config: schema } = plugin.definition
    const section = Object.hasOwn(sections, name) ? sections[name] : undefined
    if (schema === undefined) {
      if (section !== undefined) {
        problems.push({
          key: `ext.${name}`,
          ...originOf([name], origins),
          reason: `the plugin ${name} has no settings`,
        })
      }
      checked.set(name, undefined)
      continue
    }
    const result = await validate(name, schema, section ?? {})
    if (result.issues === undefined) checked.set(name, result.value)
    else
      problems.push(
        ...result.issues.flatMap(unknownKeys).map((issue) => toProblem(name, sections, issue, origins)),
      )
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return checked
}

type Issue = NonNullable<Awaited<ReturnType<StandardSchema['~standard']['validate']>>['issues']>[number]

async function validate(plugin: string, schema: StandardSchema, value: unknown) {
  try {
    return await within(CHECK_MS, (async () => schema['~standard'].validate(value))())
  } catch (cause) {
    const why = messageOf(cause)
    throw new MeshError('ERR_PLUGIN', `the settings of the plugin ${plugin} cannot be checked: ${why}`, {
      cause,
    })
  }
}

/** zod tells all keys at once that it does not know. */
function unknownKeys(issue: Issue): Issue[] {
  const { code, keys } = issue as { readonly code?: unknown; readonly keys?: unknown }
  if (code !== 'unrecognized_keys' || !Array.isArray(keys)) return [issue]
  return keys.map((key) => ({ message: 'there is no such key', path: [...(issue.path ?? []), String(key)] }))
}

function toProblem(
  plugin: string,
  sections: PluginSections,
  { message, path = [] }: Issue,
  origins: ReadonlyMap<string, Origin>,
): ConfigProblem {
  const parts = [plugin, ...path.map((part) => (typeof part === 'object' ? part.key : part))]
  const key = ['ext', ...parts].map(String).join('.')
  // A whole section may hold secrets.
  const isSecret = parts.some((part) => isSecretName(String(part)))
  const value = parts.length > 1 && !isSecret ? valueAt(sections, parts) : undefined
  const isShown = value !== undefined && typeof value !== 'object'
  const shown = typeof value === 'string' ? shownPluginValue(value) : value
  return { key, ...(isShown ? { value: shown } : {}), ...originOf(parts, origins), reason: message }
}

function originOf(
  parts: readonly PropertyKey[],
  origins: ReadonlyMap<string, Origin>,
): { readonly origin?: Origin } {
  for (let length = parts.length; length > 0; length -= 1) {
    const origin = origins.get(`ext.${parts.slice(0, length).map(String).join('.')}`)
    if (origin !== undefined) return { origin }
  }
  return {}
}

function unknownSections(
  sections: PluginSections,
  names: ReadonlySet<string>,
  origins: ReadonlyMap<string, Origin>,
): ConfigProblem[] {
  return Object.keys(sections)
    .filter((name) => !names.has(name))
    .map((name) => {
      const meant = closestName(name, names)
      const hint =
        meant === undefined
          ? `name it in plugins, or leave this out${names.size === 0 ? '' : `; there are ${[...names].join(', ')}`}`
          : `did you mean ext.${meant}?`
      return {
        key: `ext.${name}`,
        ...originOf([name], origins),
        reason: `there is no plugin ${name}: ${hint}`,
      }
    })
}
