export interface ChunkLimits {
  readonly maxCount: number
  /** Of the texts, as JSON. A text that is larger goes alone. */
  readonly maxBytes: number
}

/** What one call to `service.messages.publish` takes easily: it allows 1000 messages in 8 MiB. */
export const PUBLISH_LIMITS: ChunkLimits = { maxCount: 500, maxBytes: 4 * 1024 * 1024 }

/**
 * Groups texts as they come: whatever has come while the chunk before was dealt with makes up the next one, so
 * that a single one does not wait and many go together. Texts that came before the source failed come before
 * its error.
 */
export async function* inChunks(
  source: AsyncIterable<string> | Iterable<string>,
  limits: ChunkLimits,
): AsyncGenerator<string[]> {
  const waiting: string[] = []
  let ended = false
  let abandoned = false
  let failure: { readonly error: unknown } | undefined
  let wakeReader = () => {}
  let wakeTaker = () => {}

  const read = async () => {
    for await (const text of source) {
      waiting.push(text)
      wakeTaker()
      while (waiting.length >= limits.maxCount && !abandoned) {
        await new Promise<void>((resolve) => {
          wakeReader = resolve
        })
      }
      if (abandoned) return
    }
  }
  void read()
    .catch((error: unknown) => {
      failure = { error }
    })
    .finally(() => {
      ended = true
      wakeTaker()
    })

  try {
    for (;;) {
      while (waiting.length === 0 && !ended) {
        await new Promise<void>((resolve) => {
          wakeTaker = resolve
        })
      }
      if (waiting.length === 0) break
      yield take(waiting, limits)
      wakeReader()
    }
    if (failure !== undefined) throw (failure as { error: unknown }).error
  } finally {
    abandoned = true
    wakeReader()
  }
}

function take(waiting: string[], { maxCount, maxBytes }: ChunkLimits): string[] {
  let bytes = 0
  let count = 0
  for (const text of waiting) {
    // Quotes and a comma beside the text, in which a control character takes six bytes.
    bytes += Buffer.byteLength(JSON.stringify(text)) + 1
    if (count === maxCount || (count > 0 && bytes > maxBytes)) break
    count += 1
  }
  return waiting.splice(0, count)
}
