import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addTopics(program: Command): void {
  program
    .command('topics')
    .description('topics that the node has joined, stores messages of, or hears of from its peers')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh topics', 'pmesh topics --json'))
    .action(async ({ data, json }) => {
      const { showTopics } = await import('../topics.ts')
      await showTopics(data, json === true)
    })
}
