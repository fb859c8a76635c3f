/** Of a PastelID, where there is no room for all of it. */
const SHORT_ID = 10

/** Characters of a line on the terminal; undefined where lines may be as long as they are, as in a pipe. */
export function screenWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

/** A PastelID: enough of it for whoever looks at a terminal, all of it for whatever reads a pipe. */
export function shownId(pastelId: string): string {
  return process.stdout.isTTY ? `${pastelId.slice(0, SHORT_ID)}…` : pastelId
}
