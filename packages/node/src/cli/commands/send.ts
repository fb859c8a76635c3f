import type { Command } from 'commander'
import { BEHIND_DASHES, collect, dataOption, examples, jsonOption } from '../options.ts'
import { addMessageOptions, messageRequestOf } from './message-options.ts'
import { waitMsOf, waitOption } from './wait-option.ts'

export function addSend(program: Command): void {
  const command = program
    .command('send')
    .description(
      'send a message that only its recipient can read: the text, or all of the standard input, or of a file; it is delivered when the recipient is back, too',
    )
    .usage('[options] <pastelid...> [text]')
    // What comes last may be the text or one more recipient: the parser cannot tell.
    .argument(
      '[operands...]',
      'the recipients, then the message in one argument; "-", or no text: the standard input',
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--to <pastelid>', 'a recipient; may be repeated', collect)
    .option('--text <text>', 'the message, where it could be taken for a recipient or an option')
    .addOption(
      waitOption(
        'wait for the delivery, 10s or as long as is said; exits with 0: delivered, 1: rejected, lost or expired, 2: not known yet',
        '; the text comes before --wait',
      ),
    )
  addMessageOptions(
    command,
    'send',
    'when it is not delivered any more: 10m, 2h, 3d from now, or ISO 8601 (default: a week; at most 30d)',
  )
    .addHelpText(
      'after',
      examples(
        'pmesh send PASTELID "hello"',
        'pmesh send PASTELID --wait 30s -- "-5 degrees"',
        'pmesh send PASTELID PASTELID --file contract.pdf --header name=contract.pdf',
        'pmesh send --to PASTELID --to PASTELID --lines < lines.txt',
      ) + BEHIND_DASHES,
    )
    .action(
      async (operands: string[], { data, json, to: named = [], text: flag, wait }, command: Command) => {
        const behind = wordsBehindDashes(process.argv).length
        const { splitOperands } = await import('../send-operands.ts')
        const { to, text } = splitOperands({ operands, behind, named, flag })
        const request = messageRequestOf(command, text)
        const { send } = await import('../send.ts')
        process.exitCode = await send(data, { ...request, to, waitMs: waitMsOf(wait), asJson: json === true })
      },
    )
}

/** What follows the first `--`, which the parser takes for operands like any other. */
function wordsBehindDashes(argv: readonly string[]): string[] {
  const at = argv.indexOf('--')
  return at < 0 ? [] : argv.slice(at + 1)
}
