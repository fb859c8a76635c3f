import { CronExpressionParser } from 'cron-parser'
import type { Timing } from './driver.ts'
import { QueueError } from './errors.ts'

/** A schedule that ticks more often is a loop. */
const MIN_INTERVAL_MS = 100
/** Of a cron expression, without seconds and with them. */
const CRON_FIELDS = [5, 6]

/** What the parser says of a day that the only month does not have; of several months it says that there is no next. */
const IMPOSSIBLE_DAY = 'Invalid explicit day of month definition'

/**
 * The first tick after a time, in ms since 1970. Intervals count from 1970 on, so that no restart and no change of the
 * schedule moves them.
 * @returns undefined if there is none
 */
export function nextTick(timing: Timing, afterMs: number): number | undefined {
  if ('everyMs' in timing) return (Math.floor(afterMs / timing.everyMs) + 1) * timing.everyMs
  const expression = CronExpressionParser.parse(timing.cron, {
    tz: timing.timeZone,
    currentDate: new Date(afterMs),
  })
  return expression.hasNext() ? expression.next().getTime() : undefined
}

/** @throws QueueError ERR_SCHEDULE */
export function checkTiming(timing: Timing): void {
  if ('everyMs' in timing) {
    if (Number.isInteger(timing.everyMs) && timing.everyMs >= MIN_INTERVAL_MS) return
    throw new QueueError(
      'ERR_SCHEDULE',
      `everyMs is ${timing.everyMs}: give whole ms, ${MIN_INTERVAL_MS} or more`,
    )
  }
  try {
    // The parser takes a zone that it does not know for the local one.
    new Intl.DateTimeFormat('en', { timeZone: timing.timeZone })
  } catch (cause) {
    throw new QueueError(
      'ERR_SCHEDULE',
      `"${timing.timeZone}" is no time zone: give one like Europe/Vienna`,
      { cause },
    )
  }
  // The parser makes up those that are left out, and knows names for some that nobody else may know.
  const fields = timing.cron.trim().split(/\s+/).filter(Boolean).length
  if (!CRON_FIELDS.includes(fields)) {
    throw new QueueError(
      'ERR_SCHEDULE',
      `"${timing.cron}" is no cron expression: it has ${fields} of five fields, or six with seconds first`,
    )
  }
  let first: number | undefined
  try {
    first = nextTick(timing, 0)
  } catch (cause) {
    if ((cause as Error).message === IMPOSSIBLE_DAY) throw neverComes(timing.cron, cause)
    throw new QueueError(
      'ERR_SCHEDULE',
      `"${timing.cron}" is no cron expression: ${(cause as Error).message}`,
      { cause },
    )
  }
  if (first === undefined) throw neverComes(timing.cron)
}

function neverComes(cron: string, cause?: unknown): QueueError {
  return new QueueError(
    'ERR_SCHEDULE',
    `"${cron}" never comes: no month that it names has a day that it names`,
    cause === undefined ? {} : { cause },
  )
}
