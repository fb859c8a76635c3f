import type { DiskStatus } from '@pastel-mesh/storage'

const MEBIBYTE = 2 ** 20

/** The state of the disk in a line: what is the matter, and what to do. */
export function describeDisk({ state, freeBytes, minFreeBytes, reason }: DiskStatus): string {
  const free = freeBytes === undefined ? 'free space unknown' : `${mebibytes(freeBytes)} free`
  const reserve = minFreeBytes === 0 ? 'no reserve' : `reserve ${mebibytes(minFreeBytes)}`
  switch (state) {
    case 'ok':
      return `ok, ${free}, ${reserve}`
    case 'low':
      return `nothing new is accepted: ${free}, ${reserve}: free some, the node goes on by itself`
    case 'failing':
      return `cannot be written: ${reason}; ${free}: mend that, the node tries again by itself`
  }
}

function mebibytes(bytes: number): string {
  return `${Math.floor(bytes / MEBIBYTE)} MiB`
}
