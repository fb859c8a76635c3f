import type { Command } from 'commander'
import { BEHIND_DASHES, dataOption, examples, jsonOption } from '../options.ts'
import { addMessageOptions, messageRequestOf } from './message-options.ts'

export function addPublish(program: Command): void {
  const command = program
    .command('publish')
    .description('publish a message to a topic: the text, or all of the standard input, or of a file')
    .argument('<topic>')
    .argument('[text]', 'the message; "-", or no text: the standard input')
    .addOption(dataOption())
    .addOption(jsonOption())
  addMessageOptions(
    command,
    'publish',
    'when it is not delivered any more: 10m, 2h, 3d from now, or ISO 8601',
  )
    .addHelpText(
      'after',
      examples(
        'pmesh publish prices "hello"',
        `pmesh publish prices '{"usd":1}' --json-body --type price --expires 10m`,
        'pmesh publish prices --lines < lines.txt',
        'pmesh publish images --file picture.png --header name=picture.png',
      ) + BEHIND_DASHES,
    )
    .action(async (topic, text, { data, json }, command: Command) => {
      const request = messageRequestOf(command, text)
      const { publish } = await import('../publish.ts')
      await publish(data, { ...request, topic, asJson: json === true })
    })
}
