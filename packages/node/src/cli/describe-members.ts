import type { MemberChange } from '@pastel-mesh/sdk-node'

/** Lines of one change: a file may bring thousands. */
const MAX_LINES = 10

/** What changed among the members, a line each. */
export function describeMembers({ joined, left }: MemberChange): string[] {
  const lines = [
    ...left.map(({ pastelId }) => `${pastelId} left: it is cut off`),
    ...joined.map(({ pastelId, role }) => `${pastelId} joined as ${role}`),
  ]
  if (lines.length <= MAX_LINES) return lines
  return [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more changes`]
}
