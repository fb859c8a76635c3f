/** Exit code of a process that a second signal ended. */
const EXIT_FORCED = 130

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * A signal to all processes of a terminal or a service reaches a node that `npm start` runs twice, for npm passes it on,
 * within a few milliseconds. Nobody sends another that fast.
 */
const SAME_SIGNAL_MS = 250

/**
 * Stops on SIGTERM and SIGINT: gracefully at the first, at once at the second.
 * @param report says that it stops
 * @param fail says what did not stop
 * @returns resolves with the exit code when the node has stopped
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  report: (line: string) => void,
  fail: (error: Error) => void = ({ message }) => report(message),
): Promise<number> {
  return new Promise((resolve) => {
    let first: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined
    const onSignal = (signal: NodeJS.Signals) => {
      const atMs = performance.now()
      if (first !== undefined) {
        if (signal === first.signal && atMs - first.atMs < SAME_SIGNAL_MS) return
        process.exit(EXIT_FORCED)
      }
      first = { signal, atMs }
      report(`${signal}: stopping; once more to stop at once`)
      stop().then(
        () => end(0),
        (error: Error) => {
          fail(error)
          end(1)
        },
      )
    }
    const end = (code: number) => {
      resolve(code)
      // Not at once: a signal that comes twice would end the process after all.
      setTimeout(() => {
        for (const signal of SIGNALS) process.off(signal, onSignal)
      }, SAME_SIGNAL_MS).unref()
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
  })
}
