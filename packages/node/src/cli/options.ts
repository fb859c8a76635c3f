import { type Command, InvalidArgumentError, Option } from 'commander'
import { defaultDataDir } from '../default-data-dir.ts'

/** The data folder of the node that a command is about. */
export function dataOption(): Option {
  return new Option('-d, --data <folder>', 'data folder of the node')
    .default(defaultDataDir())
    .env('PMESH_DATA')
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON')
}

export function idsOption(): Option {
  return new Option(
    '--ids',
    'begin each line with the message id: what "verify", "export", "delivery" and --reply-to take',
  )
}

/** Of whom messages are shown; `--sender` is what it was called before, and goes on. */
export function fromOptions(): [Option, Option] {
  return [
    new Option('--from <pastelid>', 'only of this sender'),
    new Option('--sender <pastelid>').hideHelp().conflicts('from'),
  ]
}

/** Which entries are shown: the options that "messages" and "tail" have in common. */
export function addEntryOptions(command: Command): Command {
  const [from, sender] = fromOptions()
  return command
    .option('-t, --topic <name>', 'only of this topic')
    .addOption(from)
    .addOption(sender)
    .option('--type <type>', 'only of this type')
}

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value]
}

/** Reads a whole number from `min` to `max`. */
export function countUpTo(max: number, min = 1): (value: string) => number {
  return (value) => {
    const count = Number(value)
    if (/^\d+$/.test(value) && count >= min && count <= max) return count
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`)
  }
}

/** Under the help of what takes a text as an argument. */
export const BEHIND_DASHES =
  '\nThe text is one argument: quote it. One that begins with "-" goes behind "--", and the options before that.'

/** The text under a command's help that shows how it is called. */
export function examples(...lines: string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}
