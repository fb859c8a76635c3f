import { isSecretName, withoutPassword } from '@pastel-mesh/identity'
import { type Document, type Node, parseDocument } from 'yaml'
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
  const value = document.errors.length > 0 ? undefined : plainValue(document)
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
  const sections: Record<string, Record<string, unknown>> = Object.create(null)
  const origins = new Map<string, Origin>()
  for (const source of [...sources].reverse()) {
    for (const [plugin, section] of Object.entries(source.sections)) {
      sections[plugin] = Object.assign(Object.create(null), sections[plugin], section)
    }
    for (const [path, origin] of source.origins) origins.set(path, origin)
  }
  return { sections, origins }
}

/** The keys of all sections with their values, and what is shown of these. */
export function shownPluginSettings(
  sections: PluginSections,
): { readonly path: string; readonly value: unknown; readonly shown: string }[] {
  return Object.entries(sections).flatMap(([plugin, section]) =>
    Object.entries(section).map(([name, value]) => ({
      path: `ext.${plugin}.${name}`,
      value,
      shown: isSecretName(name) ? '(secret)' : shownPluginValue(value),
    })),
  )
}

/** What a part of a document says; undefined: it has aliases, which are not taken. */
export function plainValue(node: Document | Node, document?: Document): unknown {
  try {
    const options = { maxAliasCount: 0 }
    return document === undefined ? (node as Document).toJS(options) : (node as Node).toJS(document, options)
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is inside may be secret as well. */
export function shownPluginValue(value: unknown): string {
  const hidden = (name: string, inner: unknown) => {
    if (isSecretName(name)) return '(secret)'
    return typeof inner === 'string' ? withoutPassword(inner) : inner
  }
  const text = typeof value === 'string' ? withoutPassword(value) : (JSON.stringify(value, hidden) ?? 'null')
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
