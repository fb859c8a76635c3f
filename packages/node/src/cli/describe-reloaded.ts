import type { Reloaded } from '@pastel-mesh/sdk-server'
import type { SettingChange } from '../index.ts'
import { counted } from './terminal/figures.ts'

/** What a reload came to, in a line. */
export function describeReloaded({ applied, needsRestart, members }: Reloaded): string {
  const joined = members === undefined ? 0 : members.joined + members.left
  const parts = [
    ...(applied.length === 0 ? [] : [`applied: ${applied.map(describeChange).join(', ')}`]),
    ...(needsRestart.length === 0
      ? []
      : [`with the next start: ${needsRestart.map(describeChange).join(', ')}`]),
    ...(joined === 0 ? [] : [`${counted(joined, 'change')} of the members`]),
  ]
  return parts.length === 0 ? 'nothing has changed' : parts.join('; ')
}

/** `log.level info → debug` */
function describeChange({ key, before, after }: SettingChange): string {
  return `${key} ${describeValue(before)} → ${describeValue(after)}`
}

/** A value as it is written, in a line. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return '(none)'
  if (!Array.isArray(value)) return String(value)
  return value.length === 0 ? '(none)' : value.join(', ')
}
