import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JobRecord } from '../src/level/job-record.ts'
import { type ReadyJob, ReadyJobs } from '../src/level/ready-jobs.ts'
import { PROPERTY_RUNS } from './fixtures/test-runs.ts'

/** So few that every list is longer than what memory holds. */
const LIMITS = { maxJobs: 8, fewJobs: 3, maxDataLength: 40 }
/** What is behind the last of what was read. */
const NEXT = '\0'

const which = fc.nat(1_000)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add many' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), which }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put back' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('read' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('be read' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('be void' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reset' as const), which }) },
)

interface Reading {
  readonly token: object
  readonly snapshot: readonly ReadyJob[]
  readonly isLast: boolean
  /** Left after those that ran when they were looked at. */
  seen: ReadyJob[]
  looked: number
}

/** The list beside what is true: what waits, what runs, and how each was written last. */
class Model {
  readonly ready = new ReadyJobs(LIMITS)
  readonly waiting = new Map<string, JobRecord>()
  readonly running = new Map<string, JobRecord>()
  reading: Reading | undefined
  void: Reading | undefined
  #versions = 0

  add(id: string): void {
    if (this.waiting.has(id) || this.running.has(id)) return
    const record = this.#written(id)
    this.waiting.set(id, record)
    this.ready.add({ id, record })
  }

  remove(id: string | undefined): void {
    if (id === undefined) return
    this.waiting.delete(id)
    this.ready.remove(id)
  }

  take(): string | undefined {
    const { first } = this.ready
    const job = this.ready.takeFirst()
    expect(job?.id).toBe(first)
    if (job === undefined) {
      // What waits is on disk, and it is known to be.
      const isToRead = this.reading !== undefined || this.ready.readFrom !== undefined
      expect(this.waiting.size === 0 || isToRead).toBe(true)
      return undefined
    }
    const [expected] = this.sorted(this.waiting)
    expect(job.id).toBe(expected)
    const record = this.waiting.get(job.id) as JobRecord
    // A record that is held is the one that was written last.
    if (job.record !== undefined) expect(job.record).toEqual(record)
    this.waiting.delete(job.id)
    this.running.set(job.id, record)
    return job.id
  }

  end(id: string | undefined, isPutBack: boolean): void {
    if (id === undefined) return
    this.running.delete(id)
    this.ready.remove(id)
    if (isPutBack) this.add(id)
  }

  /** Begins to read: the disk as it is now, of which what runs is a part. */
  read(): void {
    const from = this.ready.readFrom
    if (from === undefined) return
    const limit = this.ready.room
    const token = this.ready.beginReading()
    const disk = new Map([...this.waiting, ...this.running])
    const ids = this.sorted(disk).filter((id) => id >= from)
    const snapshot = ids.slice(0, limit).map((id) => ({ id, record: disk.get(id) as JobRecord }))
    this.reading = { token, snapshot, isLast: ids.length < limit, seen: [], looked: 0 }
  }

  /** Looks at some of what is being read: what runs now is passed over. */
  look(count: number): void {
    const { reading } = this
    if (reading === undefined) return
    const some = reading.snapshot.slice(reading.looked, reading.looked + count)
    reading.looked += some.length
    reading.seen.push(...some.filter(({ id }) => !this.running.has(id)))
  }

  beRead(): void {
    const { reading } = this
    if (reading === undefined) return
    this.look(reading.snapshot.length)
    const last = reading.snapshot.at(-1)
    this.ready.endReading(
      reading.seen,
      reading.isLast || last === undefined ? undefined : `${last.id}${NEXT}`,
      reading.token,
    )
    this.reading = undefined
  }

  reset(): void {
    this.void ??= this.reading
    this.ready.reset()
    this.reading = undefined
  }

  /** A reading from before a reset ends: it counts no more. */
  beVoid(): void {
    if (this.void !== undefined) this.ready.endReading(this.void.snapshot, undefined, this.void.token)
    this.void = undefined
  }

  sorted(jobs: ReadonlyMap<string, unknown>): string[] {
    return [...jobs.keys()].sort()
  }

  #written(id: string): JobRecord {
    this.#versions += 1
    return { id, data: 'x'.repeat(this.#versions % 15), state: { createdAtMs: this.#versions } }
  }
}

const toId = (number: number) => number.toString().padStart(4, '0')

test('the list gives every waiting job once, in order, whatever changes while the disk is read', () => {
  let takes = 0
  let overlaps = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
      const model = new Model()
      const some = (jobs: ReadonlyMap<string, unknown>, index: number) =>
        model.sorted(jobs)[index % Math.max(1, jobs.size)]
      for (const { do: what, which } of steps) {
        if (model.reading !== undefined && what !== 'be read') overlaps += 1
        if (what === 'add') model.add(toId(which))
        else if (what === 'add many') for (let i = 0; i < 8; i += 1) model.add(toId((which * (i + 7)) % 151))
        else if (what === 'remove') model.remove(some(model.waiting, which))
        else if (what === 'take') takes += model.take() === undefined ? 0 : 1
        else if (what === 'end') model.end(some(model.running, which), false)
        else if (what === 'put back') model.end(some(model.running, which), true)
        else if (what === 'read') model.read()
        else if (what === 'look') model.look(1 + (which % 3))
        else if (what === 'be read') model.beRead()
        else if (what === 'be void') model.beVoid()
        else model.reset()
        expect(model.ready.size).toBeLessThanOrEqual(2 * LIMITS.maxJobs)
      }
      const expected = model.sorted(model.waiting)
      const given: string[] = []
      while (given.length <= expected.length) {
        model.beRead()
        model.read()
        model.beRead()
        const id = model.take()
        // What was read may all be running: then it is read on.
        if (id !== undefined) given.push(id)
        else if (model.ready.isEmpty) break
      }
      expect(given).toEqual(expected)
    }),
    { numRuns: PROPERTY_RUNS * 10 },
  )
  expect(takes).toBeGreaterThan(PROPERTY_RUNS * 5)
  expect(overlaps).toBeGreaterThan(PROPERTY_RUNS * 5)
})

test('data beyond what memory holds is left on disk', () => {
  const ready = new ReadyJobs(LIMITS)
  ready.endReading([], undefined, ready.beginReading())
  for (const id of ['1', '2', '3']) {
    ready.add({ id, record: { id, data: 'x'.repeat(20), state: { createdAtMs: 1 } } })
  }
  const held = () => ready.takeFirst()?.record?.data.length
  expect([held(), held(), held()]).toEqual([20, 20, undefined])
  ready.add({ id: '4', record: { id: '4', data: 'x'.repeat(40), state: { createdAtMs: 1 } } })
  expect(held()).toBe(40)
})

test('a job that memory puts out while the disk is read is not lost', () => {
  const ready = new ReadyJobs(LIMITS)
  const disk = ['100', '101', '102', '103', '104', '105', '106', '107'].map((id) => ({ id }))
  ready.endReading(disk, `107${NEXT}`, ready.beginReading())
  for (let i = 0; i < 6; i += 1) ready.takeFirst()
  const reading = ready.beginReading()
  for (let i = 0; i < 7; i += 1) ready.add({ id: `00${i}` })
  ready.endReading([{ id: '108' }], undefined, reading)
  for (let i = 0; i < 8; i += 1) ready.takeFirst()
  expect(ready.readFrom).toBe('107')
})
