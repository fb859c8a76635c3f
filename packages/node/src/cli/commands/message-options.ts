import { type Command, InvalidArgumentError, Option } from 'commander'
import type { MessageRequest } from '../message-input.ts'
import { parseExpiry } from '../parse-time.ts'

/** The options of a command that takes messages. */
export function addMessageOptions(command: Command, verb: string, expiry: string): Command {
  return command
    .option('-f, --file <file>', `${verb} what is in this file`)
    .option(
      '--lines',
      `${verb} each line of the input as a message of its own, an empty line as an empty one`,
    )
    .addOption(
      new Option('--content-type <kind>', 'what it is (default: text, or bytes if it is not UTF-8)').choices([
        'text',
        'json',
        'bytes',
      ]),
    )
    .addOption(new Option('--json-body', 'it is JSON: --content-type json').conflicts('contentType'))
    .option('--type <type>', "the message's type")
    .option('--reply-to <message-id>', 'the message that it answers')
    .option('-H, --header <name=value>', 'a header; may be repeated', collectHeaders)
    .option('--expires <time>', expiry, parseExpiry)
}

/** What was asked for with them. Ends the command if it cannot be. */
export function messageRequestOf(command: Command, text: string | undefined): Omit<MessageRequest, 'asJson'> {
  const { file, lines, contentType, jsonBody, type, replyTo, header, expires } = command.opts()
  const isText = text !== undefined && text !== '-'
  if (isText && (file !== undefined || lines === true)) {
    command.error(`error: give the text, or ${file === undefined ? '--lines' : '--file'}, not both`)
  }
  return {
    text,
    file,
    isLines: lines === true,
    contentType: jsonBody === true ? 'json' : contentType,
    type,
    replyTo,
    headers: header,
    expiresAtMs: expires,
  }
}

function collectHeaders(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give NAME=VALUE.')
  if (Object.hasOwn(previous, name)) throw new InvalidArgumentError(`The header ${name} is given twice.`)
  return { ...previous, [name]: value }
}
