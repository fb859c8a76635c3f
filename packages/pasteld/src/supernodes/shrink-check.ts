import { PasteldError } from '../rpc/pasteld-error.ts'
import type { SupernodeIndex } from './supernode-index.ts'

/** Fewer than these can really leave at once. */
const MANY = 10

export interface ShrinkCheck {
  /** @throws PasteldError ERR_PASTELD_ANSWER */
  assertBelievable(before: SupernodeIndex, after: SupernodeIndex): void
}

/**
 * Whether a list can be believed after another one. A core that was started again lists nothing, or little, until it has
 * heard from the others; whoever took that for the truth would cut off everybody. So an empty list is never believed
 * after one that was not, and one of less than half only when it stayed so.
 */
export function shrinkCheck({ shrinkMs }: { readonly shrinkMs: number }): ShrinkCheck {
  let sinceMs: number | undefined
  return {
    assertBelievable(before, after) {
      const counts = [
        [before.supernodes.length, after.supernodes.length],
        [before.identities, after.identities],
      ] as const
      const isEmpty = counts.some(([was, is]) => was > 0 && is === 0)
      const isLess = counts.some(([was, is]) => was >= MANY && is < was / 2)
      if (!isEmpty && !isLess) {
        sinceMs = undefined
        return
      }
      const now = performance.now()
      sinceMs ??= now
      if (!isEmpty && now - sinceMs >= shrinkMs) {
        sinceMs = undefined
        return
      }
      const message = `the core lists ${after.supernodes.length} supernodes, ${after.identities} of them with a PastelID; it were ${before.supernodes.length} and ${before.identities}: it may not be synchronised yet, so the last list stands`
      throw new PasteldError('ERR_PASTELD_ANSWER', message)
    },
  }
}
