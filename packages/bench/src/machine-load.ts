import { cpus, loadavg } from 'node:os'
import { round } from './statistics.ts'

/** The load average of the last minute: what else the machine does, and what the benchmark adds to it. */
export function loadAverage(): number {
  return round(loadavg()[0] ?? Number.NaN)
}

/** Begins to watch the machine. @returns how busy it was since, in per cent of one core, all processes */
export function watchMachine(): () => number {
  const before = busyMs()
  const beganMs = performance.now()
  return () => ((busyMs() - before) / (performance.now() - beganMs)) * 100
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}
