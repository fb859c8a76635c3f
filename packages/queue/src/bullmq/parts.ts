import type { DriverHost } from '../driver.ts'
import { QueueError } from '../errors.ts'
import { DEFAULT_RETENTION } from '../level/ended-jobs.ts'
import { AsideJobs } from './aside-jobs.ts'
import { BullServer } from './bull-server.ts'
import type { BullmqDriverOptions } from './bullmq-driver.ts'
import { EventBus } from './event-bus.ts'
import { inTime } from './in-time.ts'
import { JobRunner } from './job-runner.ts'
import { Names } from './names.ts'
import { Slots } from './slots.ts'

/** What there is while it is started. */
export interface Parts {
  readonly host: DriverHost
  readonly server: BullServer
  readonly names: Names
  readonly aside: AsideJobs
  readonly bus: EventBus
  readonly runner: JobRunner
  /** Jobs that are being added. */
  readonly adding: Map<string, Promise<unknown>>
  /** Workers that are to begin. */
  readonly starting: Set<Promise<void>>
}

/** How long the end of what ran may take to reach the server. */
const CLOSE_MS = 5_000
const DEFAULT_LOCK_MS = 30_000
const DEFAULT_MAX_STALLS = 3

/** @throws QueueError ERR_QUEUE_SERVER */
export async function startParts(
  options: BullmqDriverOptions,
  concurrency: number,
  host: DriverHost,
): Promise<Parts> {
  const { lockMs = DEFAULT_LOCK_MS, maxStalls = DEFAULT_MAX_STALLS } = options
  const retention = { ...DEFAULT_RETENTION, ...options.retention }
  const server = await BullServer.connect(options, host.onError)
  const names = new Names(server)
  const aside = new AsideJobs(names, retention)
  const adding = new Map<string, Promise<unknown>>()
  const bus = new EventBus(server, {
    onCancelled: (id) => runner.cancelled(id),
    onEnded: (id) => host.endedElsewhere(id),
    onError: host.onError,
  })
  const runner: JobRunner = new JobRunner(
    { lockMs, maxStalls, retention },
    { server, names, aside, bus, slots: new Slots(concurrency), host, adding },
  )
  const parts = {
    host,
    names,
    aside,
    bus,
    runner,
    adding,
    server,
    starting: new Set<Promise<void>>(),
  }
  try {
    await bus.start()
    return parts
  } catch (error) {
    await stopParts(parts)
    throw error
  }
}

/** Ends in bounded time, whatever the server does. */
export async function stopParts({ runner, bus, names, server, host }: Parts): Promise<void> {
  const stopped = (async () => {
    await runner.stop()
    await bus.stop()
    await names.stop()
  })()
  try {
    await inTime(stopped, CLOSE_MS)
  } catch (cause) {
    stopped.catch(() => {})
    const what = 'the server was gone when the queue stopped: jobs whose end it was not told run again'
    host.onError(new QueueError('ERR_QUEUE_SERVER', what, { cause }))
  }
  await inTime(server.close(), CLOSE_MS).catch(host.onError)
}
