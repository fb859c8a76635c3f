import { MeshError } from '@pastel-mesh/identity'

/** The largest first; of those of one value that two names have, the one that is written. */
const UNITS: readonly (readonly [name: string, bytes: number])[] = [
  ['TiB', 2 ** 40],
  ['TB', 10 ** 12],
  ['GiB', 2 ** 30],
  ['GB', 10 ** 9],
  ['MiB', 2 ** 20],
  ['MB', 10 ** 6],
  ['KiB', 2 ** 10],
  ['kB', 10 ** 3],
]
const BINARY = UNITS.filter(([name]) => name.includes('i'))

const SIZE = /^(\d{1,16}(?:\.\d{1,9})?)\s?([kmgt]i?b|b)?$/i

/**
 * A size as people write it: `64KiB`, `10MB`, `1.5GiB`; a number alone is bytes.
 * @returns whole bytes
 * @throws MeshError ERR_SIZE
 */
export function parseSize(text: string): number {
  const [, count, name = 'b'] = SIZE.exec(text.trim()) ?? []
  const unit = UNITS.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1] ?? 1
  const bytes = Number(count) * unit
  // A fraction of a byte is a slip unless a unit was divided.
  const whole = unit === 1 ? bytes : Math.round(bytes)
  if (Number.isSafeInteger(whole)) return whole
  throw new MeshError('ERR_SIZE', 'not a size: use 64KiB, 10MB, 1.5GiB, or a number of bytes')
}

/** Bytes in the largest unit that they are whole in, 1024 before 1000; `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  const isWhole = ([, unit]: readonly [string, number]) => bytes >= unit && bytes % unit === 0
  const [name = '', unit = 1] = BINARY.find(isWhole) ?? UNITS.find(isWhole) ?? []
  return `${bytes / unit}${name}`
}
