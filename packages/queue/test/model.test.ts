import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { levelDriver, MemoryDatabase, memoryDriver } from '../src/index.ts'
import { KEEP_ALL } from './fixtures/audit.ts'
import { type Command, commandsInTime } from './fixtures/queue-commands.ts'
import { IN_PROCESS, MAX_STALLS } from './fixtures/queue-model.ts'
import { listAll, Pair, type Place, until } from './fixtures/queue-pair.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { TestClock } from './fixtures/test-clock.ts'
import { MODEL_RUNS } from './fixtures/test-runs.ts'

const OPTIONS = { retention: KEEP_ALL, maxStalls: MAX_STALLS }
const SCHEDULE = 'often'
/** What is left for later, because something else is changing it, is looked at again after so long. */
const LOOK_AGAIN_MS = 100

/** Where jobs are. */
interface Storage extends Place {
  readonly clock: TestClock
  /** From here on it is what is left if the process dies now: a copy, and who has it open has the original. */
  die(): Promise<void>
}

function inMemory(): Storage {
  const clock = new TestClock()
  let database = new MemoryDatabase()
  return {
    clock,
    open() {
      clock.forget()
      return memoryDriver(OPTIONS, { clock, database })
    },
    async die() {
      const copy = new MemoryDatabase()
      const all = database.iterate({ gte: Buffer.alloc(0) })
      for await (const [key, value] of all) await copy.write([{ type: 'put', key, value }])
      database = copy
    },
  }
}

async function onDisk(): Promise<Storage> {
  const clock = new TestClock()
  let directory = join(await temporaryFolder(), '0')
  return {
    clock,
    open() {
      clock.forget()
      return levelDriver({ ...OPTIONS, directory }, { clock })
    },
    async die() {
      const copy = join(dirname(directory), String(Math.random()))
      await cp(directory, copy, { recursive: true })
      directory = copy
    },
  }
}

/** A queue in a process, whose time passes when it is told to, and the model beside it. */
class TimedPair extends Pair<Storage> {
  constructor(storage: Storage) {
    super(storage, IN_PROCESS)
  }

  override async run(command: Command): Promise<void> {
    const { model, queue } = this
    const { clock } = this.place
    switch (command.kind) {
      case 'wait':
        await this.#wait(command.ms)
        return
      case 'crash':
        model.crashed(clock.now())
        await this.place.die()
        await this.restart()
        break
      case 'schedule': {
        const everyMs = 1_000
        await queue.upsertSchedule(SCHEDULE, { timing: { everyMs }, name: 'a', data: 1 })
        const nextAtMs = (Math.floor(clock.now() / everyMs) + 1) * everyMs
        model.schedule ??= { everyMs, nextAtMs, ticks: 0 }
        break
      }
      case 'unschedule':
        expect(await queue.removeSchedule(SCHEDULE)).toBe(model.schedule !== undefined)
        model.schedule = undefined
        break
      default:
        await super.run(command)
        return
    }
    model.dispatch()
    await this.settle()
  }

  /** Time passes: then what could not be seen to at once has its second chance, and its third. */
  async #wait(ms: number): Promise<void> {
    const { clock } = this.place
    for (const step of [ms, LOOK_AGAIN_MS, LOOK_AGAIN_MS]) {
      const isTick = this.model.passed(clock.now() + step)
      clock.pass(step)
      if (isTick) await this.#tick()
      await this.settle({ isEarly: step === ms })
    }
  }

  async #tick(): Promise<void> {
    const { queue } = this
    const { ticks } = this.model.schedule ?? { ticks: 0 }
    const known = this.model.jobs
    await until(async () => {
      if ((await queue.schedules())[0]?.ticks !== ticks) return 'the schedule has not ticked'
      const made = (await listAll(queue)).filter(({ id }) => !known.has(id))
      if (made.length !== 1 || made[0]?.schedule !== SCHEDULE) return `${made.length} jobs of a tick`
      const { id, name } = made[0]
      const options = { priority: 0, attempts: 5, backoffMs: 1_000, dedupKey: undefined, runAtMs: 0 }
      const expiresAtMs = Number.POSITIVE_INFINITY
      known.set(id, { id, name, ...options, expiresAtMs, status: 'waiting', failures: 0, stalls: 0 })
      return undefined
    })
  }
}

describe('a queue does what its model does', () => {
  test.each([
    ['in memory', MODEL_RUNS.memory, inMemory],
    ['on disk', MODEL_RUNS.level, onDisk],
  ] as const)(
    '%s, whatever is asked of it, across restarts and crashes',
    async (_, numRuns, storage) => {
      await fc.assert(
        fc.asyncProperty(commandsInTime, async (commands) => {
          const pair = new TimedPair(await storage())
          await pair.start()
          try {
            for (const one of commands) await pair.run(one)
          } finally {
            await pair.end()
          }
        }),
        { numRuns },
      )
    },
    600_000,
  )
})
