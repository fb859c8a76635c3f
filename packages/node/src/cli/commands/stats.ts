import { type Command, Option } from 'commander'
import { countUpTo, dataOption, examples, fromOptions, jsonOption } from '../options.ts'
import { STATS_TABLES } from '../stats-tables.ts'

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
    .addOption(
      new Option(
        '--table <name>',
        "all of one table, with the fields of Pastel's own; as JSON, or with --csv",
      )
        .choices(STATS_TABLES)
        .conflicts(['topic', 'from', 'sender']),
    )
    .addOption(new Option('--csv', 'print the table as CSV').conflicts('json'))
    .addHelpText(
      'after',
      examples(
        'pmesh stats --by sender --order bytes',
        'pmesh stats --table message_sender_metadata --csv > senders.csv',
      ),
    )
    .action(async ({ data, json, csv, table, from, sender = from, ...filter }, command: Command) => {
      if (table !== undefined) {
        const { exportStats } = await import('../export-stats.ts')
        return await exportStats(data, table, csv !== true)
      }
      if (csv === true) command.error(`error: --csv needs --table, one of ${STATS_TABLES.join(', ')}`)
      const { showStats } = await import('../stats.ts')
      await showStats(data, { ...filter, ...(sender === undefined ? {} : { sender }) }, json === true)
    })
}
