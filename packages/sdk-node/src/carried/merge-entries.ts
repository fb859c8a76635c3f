import type { StoredEntry } from '@pastel-mesh/storage'

/** Two readings of one arrival order as one, each entry once. */
export async function* mergeEntries(
  one: AsyncGenerator<StoredEntry>,
  other: AsyncGenerator<StoredEntry>,
  reverse = false,
): AsyncGenerator<StoredEntry> {
  try {
    let [a, b] = await Promise.all([one.next(), other.next()])
    while (a.done !== true && b.done !== true) {
      const difference = (a.value.position - b.value.position) * (reverse ? -1 : 1)
      yield difference <= 0 ? a.value : b.value
      if (difference <= 0) a = await one.next()
      if (difference >= 0) b = await other.next()
    }
    if (a.done !== true) yield* rest(a.value, one)
    if (b.done !== true) yield* rest(b.value, other)
  } finally {
    await one.return(undefined)
    await other.return(undefined)
  }
}

async function* rest(first: StoredEntry, others: AsyncGenerator<StoredEntry>): AsyncGenerator<StoredEntry> {
  yield first
  yield* others
}
