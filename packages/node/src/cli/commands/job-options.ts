import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../../config/durations.ts'
import { countUpTo } from '../options.ts'

const MAX_ATTEMPTS = 1_000
const MAX_PRIORITY = 100

/** What "jobs add" and "schedules set" have in common. */
export function addJobOptions(command: Command): Command {
  return command
    .option('--priority <number>', '-100 to 100, a higher one first', parsePriority)
    .option('--attempts <count>', 'attempts in all (default: as its handler says)', countUpTo(MAX_ATTEMPTS))
    .option(
      '--timeout <time>',
      'how long an attempt may take, such as 30s (default: as its handler says)',
      parseSpan,
    )
}

/** In ms. @throws InvalidArgumentError */
export function parseSpan(text: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw new InvalidArgumentError('Give a time such as 500ms, 30s, 10m, 2h, 1d.')
  }
}

function parsePriority(text: string): number {
  const priority = Number(text)
  if (/^-?\d{1,3}$/.test(text) && Math.abs(priority) <= MAX_PRIORITY) return priority
  throw new InvalidArgumentError(`Give a whole number from ${-MAX_PRIORITY} to ${MAX_PRIORITY}.`)
}
