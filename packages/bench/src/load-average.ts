import { loadavg } from 'node:os'
import { round } from './statistics.ts'

/** The load average of the last minute: what else the machine does, and what the benchmark adds to it. */
export function loadAverage(): number {
  return round(loadavg()[0] ?? Number.NaN)
}
