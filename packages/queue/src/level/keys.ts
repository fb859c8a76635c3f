/**
 * What the queue keeps in the database: keys that begin with Q, and behind it one letter:
 *
 * | letter | key | value |
 * |---|---|---|
 * | D | job id | a job that is delayed |
 * | E | status, when it ended, job id | its dedup key; nothing if it has none |
 * | J | job id | a job that waits or runs |
 * | L | number | the ids of jobs that were handed out together: see lease-rounds.ts |
 * | M | name | a bookmark |
 * | P | name of jobs, or nothing for all | that they are paused |
 * | R | job id | a job that has ended |
 * | S | id | a schedule |
 * | T | when, what (`r`: may run, `x`: expires), job id | nothing |
 * | U | name of the job, dedup key | job id |
 *
 * A job is in one of D, J and R, whole. Times and numbers are 8 bytes, big-endian. D, E and J stand side by side, so
 * that jobs are counted in one go.
 */
const FAMILY = 'Q'.charCodeAt(0)
const NUMBER_BYTES = 8

export interface KeyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

function key(letter: string, rest: string): Buffer {
  return Buffer.from(`Q${letter}${rest}`)
}

function timed(letter: string, before: string, atMs: number, behind: string): Buffer {
  const start = 2 + before.length
  const buffer = Buffer.allocUnsafe(start + NUMBER_BYTES + behind.length)
  buffer.write(`Q${letter}${before}`, 0, 'latin1')
  buffer.writeUInt32BE(Math.floor(atMs / 2 ** 32), start)
  buffer.writeUInt32BE(atMs % 2 ** 32, start + 4)
  buffer.write(behind, start + NUMBER_BYTES, 'latin1')
  return buffer
}

function numberAt(buffer: Buffer, offset: number): number {
  return buffer.readUInt32BE(offset) * 2 ** 32 + buffer.readUInt32BE(offset + 4)
}

function range(letter: string, prefix = ''): KeyRange {
  const gte = key(letter, prefix)
  const lt = Buffer.from(gte)
  lt[lt.length - 1] = (lt.at(-1) ?? 0) + 1
  return { gte, lt }
}

export const delayedKey = (id: string): Buffer => key('D', id)
export const liveKey = (id: string): Buffer => key('J', id)
export const endedKey = (id: string): Buffer => key('R', id)
export const leaseKey = (round: number): Buffer => timed('L', '', round, '')
export const bookmarkKey = (name: string): Buffer => key('M', name)
export const pauseKey = (name: string): Buffer => key('P', name)
export const scheduleKey = (id: string): Buffer => key('S', id)
export const dedupKey = (name: string, dedup: string): Buffer => key('U', `${name}:${dedup}`)
export const dueKey = (atMs: number, what: 'r' | 'x', id: string): Buffer =>
  timed('T', '', atMs, `${what}${id}`)
/** `status`: its first letter. */
export const endKey = (status: string, atMs: number, id: string): Buffer => timed('E', status, atMs, id)

export const LEASES: KeyRange = range('L')
export const PAUSES: KeyRange = range('P')
export const SCHEDULES: KeyRange = range('S')

/** What is due at a time or later. */
export const dueFrom = (atMs: number): KeyRange => ({ ...range('T'), gte: timed('T', '', atMs, '') })

/** D, E and J. */
export const COUNTED: KeyRange = { gte: key('D', ''), lt: key('K', '') }
export const ends = (status: string): KeyRange => range('E', status)

/** The jobs that wait or run: all, or those of one name. */
export function liveJobs(name?: string): KeyRange {
  return name === undefined ? range('J') : range('J', `${name}:`)
}

/** Letter and rest of a key. */
export function parseKey(buffer: Buffer): { letter: string; text: string } {
  if (buffer[0] !== FAMILY) throw new Error('not a key of the queue')
  return { letter: buffer.toString('latin1', 1, 2), text: buffer.toString('utf8', 2) }
}

export function parseDueKey(buffer: Buffer): { atMs: number; what: string; id: string } {
  const behind = buffer.toString('latin1', 2 + NUMBER_BYTES)
  return { atMs: numberAt(buffer, 2), what: behind.slice(0, 1), id: behind.slice(1) }
}

export function parseEndKey(buffer: Buffer): { status: string; atMs: number; id: string } {
  return {
    status: buffer.toString('latin1', 2, 3),
    atMs: numberAt(buffer, 3),
    id: buffer.toString('latin1', 3 + NUMBER_BYTES),
  }
}

export function parseLeaseKey(buffer: Buffer): number {
  return numberAt(buffer, 2)
}
