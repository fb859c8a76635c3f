import { InvalidArgumentError, Option } from 'commander'
import { readEnvFile } from '../config/env-file.ts'
import { DEFAULT_DATA_DIR } from '../data-folder.ts'

/** The data folder of the node that a command is about. */
export function dataOption(): Option {
  return new Option('-d, --data <folder>', 'data folder of the node')
    .default(fromEnvFile() ?? DEFAULT_DATA_DIR)
    .env('PMESH_DATA')
}

function fromEnvFile(): string | undefined {
  try {
    return readEnvFile(process.cwd())?.variables.PMESH_DATA || undefined
  } catch {
    // The help is shown all the same, and a start says what is wrong.
    return undefined
  }
}

export function jsonOption(): Option {
  return new Option('--json', 'print JSON')
}

/** Of whom messages are shown; `--sender` is what it was called before, and goes on. */
export function fromOptions(): [Option, Option] {
  return [
    new Option('--from <pastelid>', 'only of this sender'),
    new Option('--sender <pastelid>').hideHelp().conflicts('from'),
  ]
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

/** The text under a command's help that shows how it is called. */
export function examples(...lines: string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`
}
