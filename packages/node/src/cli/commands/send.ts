import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../../config/durations.ts'
import { dataOption, examples, jsonOption } from '../options.ts'
import { addMessageOptions, messageRequestOf } from './message-options.ts'

/** How long `--wait` waits that does not say. */
const DEFAULT_WAIT_MS = 10_000

export function addSend(program: Command): void {
  const command = program
    .command('send')
    .description(
      'send a message that only its recipient can read: the text, or all of the standard input, or of a file; it is delivered when the recipient is back, too',
    )
    .argument('<pastelid...>', 'the recipients; behind "--" the text')
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--text <text>', 'the message, instead of behind "--"; "-": the standard input')
    .option(
      '--wait [time]',
      'wait for the delivery, 10s or as long as is said; exits with 0: delivered, 1: rejected, lost or expired, 2: not known yet',
      parseWait,
    )
  addMessageOptions(
    command,
    'send',
    'when it is not delivered any more: 10m, 2h, 3d from now, or ISO 8601 (default: a week; at most 30d)',
  )
    .addHelpText(
      'after',
      examples(
        'pmesh send PASTELID -- "hello"',
        'pmesh send PASTELID --wait 30s --text "hello"',
        'pmesh send PASTELID PASTELID --file contract.pdf --header name=contract.pdf',
        'pmesh send PASTELID --lines < lines.txt',
      ),
    )
    .action(async (operands: string[], { data, json, text: flag, wait }, command: Command) => {
      const words = wordsBehindDashes(process.argv)
      const to = operands.slice(0, operands.length - words.length)
      const behind = words.length === 0 ? undefined : words.join(' ')
      if (behind !== undefined && flag !== undefined) {
        command.error('error: give the text behind "--", or with --text, not both')
      }
      const request = messageRequestOf(command, behind ?? flag)
      const { send } = await import('../send.ts')
      const waitMs = wait === true ? DEFAULT_WAIT_MS : wait
      process.exitCode = await send(data, { ...request, to, waitMs, asJson: json === true })
    })
}

/** What follows the first `--`: the parser takes it for recipients. */
function wordsBehindDashes(argv: readonly string[]): string[] {
  const at = argv.indexOf('--')
  return at < 0 ? [] : argv.slice(at + 1)
}

function parseWait(text: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw new InvalidArgumentError('Give a time such as 500ms, 10s, 2m.')
  }
}
