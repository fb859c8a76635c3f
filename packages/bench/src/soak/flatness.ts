import type { State } from './protocol.ts'
import type { Tenth } from './run-pair.ts'

/** How something grew; the worse of both ends. */
export interface Flatness {
  /** After the last tenth, as a multiple of what it was after the third. */
  readonly ownGrowth: number
  readonly heapGrowth: number
  /**
   * Files, and what of them is in memory, go up and down: LevelDB writes anew what it keeps before it removes what was
   * there. So it is the most of the second half as a multiple of the most from the third tenth to the middle.
   */
  readonly rssGrowth: number
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
  const most = (of: (state: State) => number, end: 'publisher' | 'receiver', part: readonly Tenth[]) =>
    Math.max(...part.map((tenth) => of(tenth[end])))
  const middle = Math.floor(tenths.length / 2)
  const peakGrowth = (of: (state: State) => number) =>
    rounded(
      Math.max(
        ...(['publisher', 'receiver'] as const).map(
          (end) => most(of, end, tenths.slice(middle)) / most(of, end, tenths.slice(FROM - 1, middle)),
        ),
      ),
    )
  const perMessage = ({ fileBytes, storedMessages }: State) => fileBytes / storedMessages
  return {
    rssGrowth: peakGrowth(({ memory }) => memory.rssMb),
    ownGrowth: growth(({ memory }) => memory.ownMb),
    heapGrowth: growth(({ memory }) => memory.heapMb),
    fileGrowth: peakGrowth(({ fileBytes }) => fileBytes),
    bytesPerMessage: Math.round(Math.max(perMessage(last.publisher), perMessage(last.receiver))),
    fileGrowthPerMessage: growth(perMessage, at(middle)),
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
