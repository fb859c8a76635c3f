import { type CheckedConfig, checkConfig } from '../config/checked-config.ts'
import { ConfigError } from '../config/config-error.ts'
import { CONFIG_KEYS } from '../config/config-keys.ts'
import type { ControllerConfig } from '../config/schema.ts'

/**
 * The configuration of a running node out of what it shows of it: without what is secret.
 * @param keys values as they are written, by key; null: none
 * @returns undefined: it is of another version, and not to be understood
 */
export function runningConfig(
  dataDir: string,
  keys: Readonly<Record<string, unknown>>,
): CheckedConfig | undefined {
  const input: Record<string, unknown> = { dataDir }
  for (const { path, parts, isSecret, shown } of CONFIG_KEYS) {
    const value = keys[path]
    // What hides a password is no address any more.
    if (value == null || isSecret === true || shown !== undefined) continue
    let section = input
    for (const part of parts.slice(0, -1)) {
      section[part] ??= {}
      section = section[part] as Record<string, unknown>
    }
    section[parts.at(-1) as string] = value
  }
  try {
    return checkConfig(input as ControllerConfig)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}
