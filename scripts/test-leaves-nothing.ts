import { afterAll, expect } from 'vitest'

/** What a test file could change for those that follow it in its process, and would have to put back. */
function processState() {
  return {
    clock: [Date, Date.now, performance.now],
    timers: [setTimeout, setInterval, setImmediate, queueMicrotask, process.nextTick],
    random: Math.random,
    directory: process.cwd(),
    variables: { ...process.env },
    listeners: ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'].map(
      (event) => process.listenerCount(event),
    ),
  }
}

const found = processState()
afterAll(() => expect(processState(), 'the process is left as it was found').toEqual(found))
