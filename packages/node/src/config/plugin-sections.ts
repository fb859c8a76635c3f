import { parseDocument } from 'yaml'
import type { ConfigProblem } from './config-error.ts'
import type { Origin } from './origin.ts'

/** Sections of plugins, by their names: what each says is the plugin's own to check. */
export type PluginSections = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** What a source says to plugins. */
export interface PluginSettings {
  readonly sections: PluginSections
  /** By path: `ext.greeter`, `ext.greeter.greeting`. */
  readonly origins: ReadonlyMap<string, Origin>
}

export const NO_PLUGIN_SETTINGS: PluginSettings = { sections: {}, origins: new Map() }

const VARIABLE = /^PMESH_EXT_([A-Z][A-Z0-9_]*)$/
/** Keys whose values are shown nowhere. */
const SECRET = /pass|secret|token|key|credential/i
/** Characters of a value that are shown. */
const MAX_SHOWN = 100

/** The plugin whose section a variable is: `PMESH_EXT_PRICE_FEED` is of `priceFeed`; undefined: it is none. */
export function pluginOfVariable(name: string): string | undefined {
  const words = VARIABLE.exec(name)?.[1]?.toLowerCase()
  return words?.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** The section that the text of a variable is: YAML, such as `{greeting: hello}`. */
export function readPluginVariable(
  plugin: string,
  text: string,
  origin: Origin,
): { readonly settings: PluginSettings; readonly problems: readonly ConfigProblem[] } {
  const document = parseDocument(text, { prettyErrors: false })
  const value: unknown = document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 })
  const key = `ext.${plugin}`
  if (!isSection(value)) {
    const reason = 'not keys and values such as {greeting: hello, repeat: 3}'
    return { settings: NO_PLUGIN_SETTINGS, problems: [{ key, origin, reason }] }
  }
  const origins = new Map([
    [key, origin],
    ...Object.keys(value).map((name) => [`${key}.${name}`, origin] as const),
  ])
  return { settings: { sections: { [plugin]: value }, origins }, problems: [] }
}

/** Of several sources: of each key the first that has it. */
export function mergePluginSettings(sources: readonly PluginSettings[]): PluginSettings {
  const sections: Record<string, Record<string, unknown>> = {}
  const origins = new Map<string, Origin>()
  for (const source of [...sources].reverse()) {
    for (const [plugin, section] of Object.entries(source.sections)) {
      sections[plugin] = { ...sections[plugin], ...section }
    }
    for (const [path, origin] of source.origins) origins.set(path, origin)
  }
  return { sections, origins }
}

/** The keys of all sections with what is shown of their values. */
export function shownPluginSettings(sections: PluginSections): [key: string, value: string][] {
  return Object.entries(sections).flatMap(([plugin, section]) =>
    Object.entries(section).map(([name, value]): [string, string] => [
      `ext.${plugin}.${name}`,
      isSecretKey(name) ? '(secret)' : shown(value),
    ]),
  )
}

export function isSecretKey(path: string): boolean {
  return SECRET.test(path)
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  // What is inside may be secret as well.
  const text =
    typeof value === 'string'
      ? value
      : JSON.stringify(value, (name, inner) => (isSecretKey(name) ? '(secret)' : inner))
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
