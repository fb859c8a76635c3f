import type { DiskStatus } from '@pastel-mesh/storage'
import { describeBytes } from './describe-bytes.ts'

/** The state of the disk in a line: what is the matter, and what to do. */
export function describeDisk({ state, freeBytes, minFreeBytes, reason }: DiskStatus): string {
  const free = freeBytes === undefined ? 'free space unknown' : `${describeBytes(freeBytes)} free`
  const reserve = minFreeBytes === 0 ? 'no reserve' : `reserve ${describeBytes(minFreeBytes)}`
  switch (state) {
    case 'ok':
      return `ok, ${free}, ${reserve}`
    case 'low':
      return `nothing new is accepted: ${free}, ${reserve}: free some, the node goes on by itself`
    case 'failing':
      return `cannot be written: ${reason}; ${free}: mend that, the node tries again by itself`
  }
}
