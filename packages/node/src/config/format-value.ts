import type { ConfigKey } from './config-key.ts'
import { formatDuration } from './durations.ts'
import { formatSize } from './sizes.ts'

/** A value that was read, as it is written: a duration as `3d`, a size as `16GiB`. Undefined: there is none. */
export function writtenValue(key: ConfigKey, value: unknown): unknown {
  if (value === undefined) return undefined
  if (key.isSecret === true) return '(secret)'
  if (key.shown !== undefined) return key.shown(String(value))
  if (key.kind === 'duration') return formatDuration(value as number)
  return key.kind === 'size' ? formatSize(value as number) : value
}

/** The same in one line. */
export function formatValue(key: ConfigKey, value: unknown): string {
  const written = writtenValue(key, value)
  if (written === undefined) return `(${key.otherwise ?? 'none'})`
  if (!Array.isArray(written)) return String(written)
  return written.length === 0 ? '(none)' : written.join(', ')
}
