import { round } from '../statistics.ts'
import type { SizeFigures } from './figures.ts'

export interface Claim {
  readonly claim: string
  readonly isTrue: boolean
}

/** How many times what it is in the smallest mesh something may be in the largest. */
const MAX_TIMES = {
  /** A few nodes are all connected, and nothing is forwarded; in more it is, to as many as the mesh of a topic has. */
  cpu: 2.5,
  bytes: 5,
  heap: 1.25,
  /** What a node says of its connections, in each question, grows with their number. */
  heads: 1.5,
  /** What each connection takes: pings, the frames of its multiplexer. */
  restPerLink: 1.25,
}

/** How many times what it is without them something may be in a mesh that knows of thousands. */
const MAX_TIMES_KNOWN = { cpu: 1.5, heads: 1.25 }

/** Receipts of a topic are made when somebody asks: at rest nobody does. */
const MAX_RECEIPT_BYTES = 1

/** Whether costs grow with messages and connections, and not with the number of members. */
export function judge(
  ours: readonly SizeFigures[],
  knowing: SizeFigures | undefined,
): { claims: readonly Claim[]; isHeld: boolean } {
  const [few, many] = [ours[0], ours.at(-1)] as [SizeFigures, SizeFigures]
  const from = `${few.nodes} to ${many.nodes} nodes`
  const times = (
    name: string,
    of: (figures: SizeFigures) => number,
    max: number,
    [small, large, where]: [SizeFigures, SizeFigures, string] = [few, many, from],
  ): Claim => {
    const [before, after] = [of(small), of(large)]
    const value = round(after / before)
    return {
      claim: `${name}, ${where}: ${before} → ${after}, ${value} times (≤${max})`,
      isTrue: value <= max,
    }
  }
  const receipts = Math.max(...ours.map(({ receiptsPerSecond }) => receiptsPerSecond))
  const missing = [...ours, ...(knowing === undefined ? [] : [knowing])].reduce(
    (sum, one) => sum + one.missing,
    0,
  )
  const claims = [
    { claim: `nothing is missing: ${missing}`, isTrue: missing === 0 },
    {
      claim: `receipts at rest: ${receipts} bytes a second and node (≤${MAX_RECEIPT_BYTES})`,
      isTrue: receipts <= MAX_RECEIPT_BYTES,
    },
    times('heads at rest, bytes a second and node', ({ headsPerSecond }) => headsPerSecond, MAX_TIMES.heads),
    times('all at rest, bytes a second and connection', restPerLink, MAX_TIMES.restPerLink),
    times('CPU of a delivered message, µs', ({ singleCpuUs }) => singleCpuUs, MAX_TIMES.cpu),
    times('bytes of a delivered message', ({ singleBytes }) => singleBytes, MAX_TIMES.bytes),
    times('heap of a node, MB', ({ heapMb }) => heapMb, MAX_TIMES.heap),
  ]
  if (knowing !== undefined) {
    const known: [SizeFigures, SizeFigures, string] = [few, knowing, 'thousands more known']
    claims.push(
      times('CPU of a delivered message, µs', ({ singleCpuUs }) => singleCpuUs, MAX_TIMES_KNOWN.cpu, known),
      times(
        'heads at rest, bytes a second and node',
        ({ headsPerSecond }) => headsPerSecond,
        MAX_TIMES_KNOWN.heads,
        known,
      ),
    )
  }
  return { claims, isHeld: claims.every(({ isTrue }) => isTrue) }
}

function restPerLink({ idleBytesPerSecond, degree }: SizeFigures): number {
  return round(idleBytesPerSecond / degree)
}
