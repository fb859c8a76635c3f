/** The middle of some values; of an even number, the higher of the two in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** The smallest of some values that more than so many per cent of them do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
}

/** Rounded to so many decimals. */
export function round(value: number, decimals = 1): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals
}
