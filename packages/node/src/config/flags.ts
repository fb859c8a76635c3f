import { CONFIG_KEYS } from './config-keys.ts'
import { type Setting, type Source, valueOfText } from './setting.ts'

/** What was given on the command line, by the path of the key; a list for a key that takes several. */
export type ConfigFlags = Readonly<Record<string, string | readonly string[] | undefined>>

export function flagSource(flags: ConfigFlags): Source {
  const settings = new Map<string, Setting>()
  for (const key of CONFIG_KEYS) {
    const given = flags[key.path]
    if (given === undefined) continue
    const value = typeof given === 'string' ? valueOfText(key, given) : given
    settings.set(key.path, { key, value, origin: { kind: 'flag', name: key.flag } })
  }
  return { settings, problems: [] }
}
