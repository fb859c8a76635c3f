const STEPS = [
  ['s', 60],
  ['min', 60],
  ['h', 24],
  ['d', Number.POSITIVE_INFINITY],
] as const

/** A number with its thousands set apart: `1,234`. */
export function describeCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** A number of things: `1 message`, `1,234 messages`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${describeCount(count)} ${count === 1 ? one : many}`
}

/** A time that has passed: `5 s`, `3 min`, `4 h`, `12 d`. */
export function describeSpan(spanMs: number): string {
  let value = Math.max(0, Math.floor(spanMs / 1_000))
  for (const [unit, size] of STEPS) {
    if (value < size) return `${describeCount(value)} ${unit}`
    value = Math.floor(value / size)
  }
  return ''
}

/** How long something took: `0.4 ms`, `28 ms`, `5 s`. */
export function describeTook(ms: number): string {
  if (ms >= 1_000) return describeSpan(ms)
  return `${ms.toFixed(ms > 0 && ms < 10 ? 1 : 0)} ms`
}

/** How long ago a time, in ms since 1970, was: `3 min ago`. */
export function describeAgo(timeMs: number, nowMs: number = Date.now()): string {
  return `${describeSpan(nowMs - timeMs)} ago`
}

/** A time, in ms since 1970, and how long ago it was. */
export function describeTime(timeMs: number, nowMs?: number): string {
  return `${new Date(timeMs).toISOString()} (${describeAgo(timeMs, nowMs)})`
}
