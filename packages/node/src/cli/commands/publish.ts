import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addPublish(program: Command): void {
  program
    .command('publish')
    .description(
      'publish a message to a topic; without text, one message for each line of the standard input',
    )
    .argument('<topic>')
    .argument('[text]')
    .addOption(dataOption())
    .addOption(jsonOption())
    .option('--type <type>', "the message's type")
    .addHelpText('after', examples('pmesh publish prices "hello"', 'pmesh publish prices < lines.txt'))
    .action(async (topic, text, { data, json, type }) => {
      const { publish } = await import('../publish.ts')
      await publish(data, { topic, text, type, asJson: json === true })
    })
}
