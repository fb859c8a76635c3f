/** Exit code of a process that a second signal ended. */
const EXIT_FORCED = 130

const SIGNALS = ['SIGTERM', 'SIGINT'] as const

/**
 * Stops on SIGTERM and SIGINT: gracefully at the first, at once at the second.
 * @returns resolves with the exit code when the node has stopped
 */
export function stopOnSignal(stop: () => Promise<void>, report: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(EXIT_FORCED)
      stopping = true
      report(`${signal}: stopping; once more to stop at once`)
      stop().then(
        () => end(0),
        (error: Error) => {
          report(error.message)
          end(1)
        },
      )
    }
    const end = (code: number) => {
      for (const signal of SIGNALS) process.off(signal, onSignal)
      resolve(code)
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
  })
}
