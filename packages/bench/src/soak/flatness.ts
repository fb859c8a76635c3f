import type { State } from './protocol.ts'
import type { Tenth } from './run-pair.ts'

/** How something stands after the last tenth, as a multiple of how it stood after the third; the worse of both ends. */
export interface Flatness {
  readonly rssGrowth: number
  readonly ownGrowth: number
  readonly heapGrowth: number
  readonly fileGrowth: number
  /** Of the files, at the end. */
  readonly bytesPerMessage: number
  /** The same as a multiple of what it was after the first half. */
  readonly fileGrowthPerMessage: number
}

/** By then code is compiled, caches are full, and files are compacted for the first time. */
const FROM = 3

export function flatnessOf(tenths: readonly Tenth[]): Flatness {
  const at = (index: number) => tenths[index - 1] as Tenth
  const last = at(tenths.length)
  const growth = (of: (state: State) => number, from = at(FROM)) =>
    rounded(Math.max(of(last.publisher) / of(from.publisher), of(last.receiver) / of(from.receiver)))
  const perMessage = ({ fileBytes, storedMessages }: State) => fileBytes / storedMessages
  return {
    rssGrowth: growth(({ memory }) => memory.rssMb),
    ownGrowth: growth(({ memory }) => memory.ownMb),
    heapGrowth: growth(({ memory }) => memory.heapMb),
    fileGrowth: growth(({ fileBytes }) => fileBytes),
    bytesPerMessage: Math.round(Math.max(perMessage(last.publisher), perMessage(last.receiver))),
    fileGrowthPerMessage: growth(perMessage, at(Math.floor(tenths.length / 2))),
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
