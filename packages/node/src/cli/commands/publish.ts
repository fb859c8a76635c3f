import { type Command, InvalidArgumentError, Option } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'
import { parseExpiry } from '../parse-time.ts'

export function addPublish(program: Command): void {
  program
    .command('publish')
    .description('publish a message to a topic: the text, or all of the standard input, or of a file')
    .argument('<topic>')
    .argument('[text]', 'the message; "-", or no text: the standard input')
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('-f, --file <file>', 'publish what is in this file')
    .option('--lines', 'publish each line of the input as a message of its own')
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
    .option(
      '--expires <time>',
      'when it is not delivered any more: 10m, 2h, 3d from now, or ISO 8601',
      parseExpiry,
    )
    .addHelpText(
      'after',
      examples(
        'pmesh publish prices "hello"',
        `pmesh publish prices '{"usd":1}' --json-body --type price --expires 10m`,
        'pmesh publish prices --lines < lines.txt',
        'pmesh publish images --file picture.png --header name=picture.png',
      ),
    )
    .action(async (topic, text, options, command: Command) => {
      const { data, json, file, lines, contentType, jsonBody, type, replyTo, header, expires } = options
      const isText = text !== undefined && text !== '-'
      if (isText && (file !== undefined || lines === true)) {
        command.error(`error: give the text, or ${file === undefined ? '--lines' : '--file'}, not both`)
      }
      const { publish } = await import('../publish.ts')
      await publish(data, {
        topic,
        text,
        file,
        isLines: lines === true,
        contentType: jsonBody === true ? 'json' : contentType,
        type,
        replyTo,
        headers: header,
        expiresAtMs: expires,
        asJson: json === true,
      })
    })
}

function collectHeaders(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('Give NAME=VALUE.')
  if (Object.hasOwn(previous, name)) throw new InvalidArgumentError(`The header ${name} is given twice.`)
  return { ...previous, [name]: value }
}
