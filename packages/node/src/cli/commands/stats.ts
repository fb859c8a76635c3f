import { type Command, Option } from 'commander'
import { countUpTo, dataOption, examples, fromOptions, jsonOption } from '../options.ts'

/** Counters that one command shows: what the node gives at once. */
const MAX_STATS = 1_000

export function addStats(program: Command): void {
  const [from, sender] = fromOptions()
  program
    .command('stats')
    .description('what the node ever took in, by sender, by receiver or by both, and what it stores')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(
      new Option('--by <what>', 'whose counters').choices(['sender', 'receiver', 'pair']).default('pair'),
    )
    .addOption(
      new Option('--order <what>', 'the largest first')
        .choices(['messages', 'batches', 'bytes'])
        .default('messages'),
    )
    .option('-t, --topic <name>', 'only of this topic')
    .addOption(from)
    .addOption(sender)
    .option('--limit <count>', 'at most so many', countUpTo(MAX_STATS), 20)
    .addHelpText('after', examples('pmesh stats --by sender --order bytes'))
    .action(async ({ data, json, from, sender = from, ...filter }) => {
      const { showStats } = await import('../stats.ts')
      await showStats(data, { ...filter, ...(sender === undefined ? {} : { sender }) }, json === true)
    })
}
