/** Exit code of a process that a second signal ended. */
const EXIT_FORCED = 130

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
        () => resolve(0),
        (error: Error) => {
          report(error.message)
          resolve(1)
        },
      )
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}
