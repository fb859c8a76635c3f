import { randomInt } from 'node:crypto'

/**
 * Ids of jobs: `<name>:<priority><time><number><random>`, in hexadecimal and base 32 of fixed widths, so that the ids of
 * one name sort as its jobs are to run: by priority, then by age. The random part, new in each process, keeps ids apart
 * should the clock go back.
 */
export class JobIds {
  readonly #random = randomInt(0, 2 ** 30)
    .toString(32)
    .padStart(6, '0')
  #ms = 0
  #time = ''
  #number = 0

  next(name: string, priority: number, nowMs: number): string {
    this.#number += 1
    if (nowMs > this.#ms || this.#number === MAX_NUMBER) {
      this.#ms = Math.max(nowMs, this.#ms + 1)
      this.#time = this.#ms.toString(32).padStart(9, '0')
      this.#number = 0
    }
    const rank = (MAX_PRIORITY - priority).toString(16).padStart(2, '0')
    return `${name}:${rank}${this.#time}${this.#number.toString(32).padStart(3, '0')}${this.#random}`
  }
}

const MAX_PRIORITY = 100
const MAX_NUMBER = 32 ** 3
const ID = /^([A-Za-z0-9._-]{1,64}):([0-9a-c][0-9a-f])[0-9a-v]{18}$/

/** What an id says; undefined if it is none. */
export function parseJobId(id: string): { name: string; priority: number } | undefined {
  const match = ID.exec(id)
  if (match === null) return undefined
  return { name: match[1] ?? '', priority: MAX_PRIORITY - Number.parseInt(match[2] ?? '', 16) }
}

export function nameOfJob(id: string): string {
  return id.slice(0, id.indexOf(':'))
}

/** Whether a job is to run before another, which may have another name. */
export function runsBefore(id: string, other: string): boolean {
  return id.slice(id.indexOf(':')) < other.slice(other.indexOf(':'))
}
