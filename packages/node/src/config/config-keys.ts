import { type ConfigKey, keysOf } from './config-key.ts'
import { configSchema } from './schema.ts'

/** Every key, in the order of the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = keysOf(configSchema)

/** The value at a path of an object of objects; undefined if there is none. */
export function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  let value = config
  for (const part of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[part]
  return value
}
