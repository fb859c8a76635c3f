import type { DestinationStream } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { printable } from '../cli/output.ts'

/** Columns of the word that says what happened. */
const EVENT_WIDTH = 12

/** What happens when a node is ready: for reading it is shown as a table instead of a line. */
export const READY = 'ready'

/** Writes log lines for reading: time, level if it is not `info`, what happened, and about what. */
export function prettyStream(output: NodeJS.WriteStream): DestinationStream {
  const pretty = prettyFactory({
    colorize: output.isTTY === true && process.env.NO_COLOR === undefined,
    translateTime: 'SYS:HH:MM:ss.l',
    // All else is in the message already; the JSON form has it by name.
    include: 'time,level',
    // What others wrote must not steer the terminal.
    messageFormat: ({ event, msg }) =>
      `${String(event ?? '').padEnd(EVENT_WIDTH)}  ${printable(String(msg ?? ''))}`,
  })
  return {
    write(line: string) {
      if (!line.includes(`"event":"${READY}"`)) output.write(pretty(line))
    },
  }
}
