import { MeshError } from '@pastel-mesh/identity'

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const DURATION = /^(\d{1,16}(?:\.\d{1,9})?)(ms|s|m|h|d|w)$/

/**
 * A duration as people write it: `500ms`, `10s`, `10m`, `2h`, `3d`, `1w`; with a fraction as well (`1.5h`).
 * @returns whole milliseconds
 * @throws MeshError ERR_DURATION
 */
export function parseDuration(text: string): number {
  const [, count, unit = ''] = DURATION.exec(text.trim()) ?? []
  const ms = Math.round(Number(count) * (UNITS_MS[unit] ?? Number.NaN))
  if (Number.isSafeInteger(ms)) return ms
  const isBare = /^\s*\d+(\.\d+)?\s*$/.test(text)
  const hint = isBare ? `add a unit: ${text.trim()}s, or ms, m, h, d, w` : 'use 500ms, 10s, 10m, 2h, 3d or 1w'
  throw new MeshError('ERR_DURATION', `not a duration: ${hint}`)
}

/** Milliseconds in the largest unit that they are whole in; `parseDuration` reads it back. */
export function formatDuration(ms: number): string {
  const [unit = 'ms', unitMs = 1] =
    Object.entries(UNITS_MS)
      .reverse()
      .find(([, unitMs]) => ms >= unitMs && ms % unitMs === 0) ?? []
  return `${ms / unitMs}${unit}`
}
