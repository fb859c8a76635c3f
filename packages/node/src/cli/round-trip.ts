/** A round-trip time and its jitter as one reads them; empty if they were not measured. */
export function describeRoundTrip({
  roundTripMs,
  jitterMs,
}: {
  readonly roundTripMs?: number | undefined
  readonly jitterMs?: number | undefined
}): string {
  if (roundTripMs === undefined) return ''
  const jitter = jitterMs === undefined ? '' : ` ±${jitterMs.toFixed(1)}`
  return `${roundTripMs.toFixed(1)}${jitter} ms`
}
