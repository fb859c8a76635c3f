import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addTopics(program: Command): void {
  const topics = program
    .command('topics')
    .description(
      'topics that the node has joined, stores messages of, or hears of from its peers; join, leave',
    )
    .addHelpText('after', examples('pmesh topics', 'pmesh topics join prices'))

  topics
    .command('list', { isDefault: true })
    .description('the topics')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh topics list --json'))
    .action(async ({ data, json }) => {
      const { showTopics } = await import('../topics.ts')
      await showTopics(data, json === true)
    })

  topics
    .command('join')
    .description('take in and store what is said in a topic, until the node stops')
    .argument('<name>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh topics join prices'))
    .action(async (name, { data, json }) => {
      const { joinTopic } = await import('../change-topics.ts')
      await joinTopic(data, name, json === true)
    })

  topics
    .command('leave')
    .description('take in nothing more of a topic, until the node stops; what is stored stays')
    .argument('<name>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh topics leave prices'))
    .action(async (name, { data, json }) => {
      const { leaveTopic } = await import('../change-topics.ts')
      await leaveTopic(data, name, json === true)
    })
}
