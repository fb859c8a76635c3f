import { InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../../config/durations.ts'

/** How long `--wait` waits that does not say. */
const DEFAULT_WAIT_MS = 10_000

/**
 * `--wait`, `--wait TIME`.
 * @param what it waits for, and the exit codes
 * @param hint for what is no time
 */
export function waitOption(what: string, hint = ''): Option {
  return new Option('--wait [time]', what).argParser((text) => parseWait(text, hint))
}

/** In ms; undefined: not at all. */
export function waitMsOf(wait: number | true | undefined): number | undefined {
  return wait === true ? DEFAULT_WAIT_MS : wait
}

function parseWait(text: string, hint: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw new InvalidArgumentError(`Give a time such as 500ms, 10s, 2m${hint}.`)
  }
}
