import type { Pruned } from '@pastel-mesh/storage'
import { describeBytes } from './describe-bytes.ts'

/** What retention removed, in a line. */
export function describePruned({ entries, sizeBytes, pinned }: Pruned): string {
  const kept = pinned === 0 ? '' : `; ${pinned} of this node are kept, because nobody else has them yet`
  return `${entries} ${entries === 1 ? 'entry' : 'entries'}, ${describeBytes(sizeBytes)}${kept}`
}
