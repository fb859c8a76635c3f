/** As the Python layer writes times: UTC, without saying so, to the microsecond. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.(\d{3})Z$/, '.$1000')
}

/** The same, which says that it is UTC. */
export function isoTimeUtc(ms: number): string {
  return `${isoTime(ms)}+00:00`
}

/** As pandas writes times into CSV. */
export function csvTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
}
