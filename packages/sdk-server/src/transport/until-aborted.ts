/**
 * What an iterable gives, until the signal aborts: then its iterator is told to end, also where it waits, and nobody
 * waits for it, since it may wait for what never comes.
 */
export async function* untilAborted<T>(iterable: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = iterable[Symbol.asyncIterator]()
  let isDone = false
  let stop = () => {}
  const onAbort = () => stop()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    while (!signal.aborted) {
      // No `Promise.race` with one for the signal: that would keep something of every value until the end.
      const next = await new Promise<IteratorResult<T> | undefined>((resolve, reject) => {
        stop = () => resolve(undefined)
        iterator.next().then(resolve, reject)
      })
      if (next === undefined) return
      isDone = next.done === true
      if (next.done) return
      yield next.value
    }
  } catch (error) {
    isDone = true
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (!isDone) void end(iterator)
  }
}

async function end(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // Nobody is there to be told.
  }
}
