import { type Command, Option } from 'commander'
import { addEntryOptions, countUpTo, dataOption, examples, idsOption, jsonOption } from '../options.ts'
import { parseTime } from '../parse-time.ts'

/** What the node looks up at once. */
const MAX_LAST = 1_000

export function addTail(program: Command): void {
  const command = program
    .command('tail')
    .description('messages as the node stores them, until Ctrl-C; what is lost or removed shows in its place')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(idsOption())
  addEntryOptions(command)
    .addOption(new Option('--inbox', 'only what is sent to this node').conflicts('topic'))
    .option('--since <time>', 'first what the node took in since: 10m, 2h, 3d ago, or ISO 8601', (text) =>
      parseTime(text),
    )
    .addOption(
      new Option('-n, --last <count>', 'first so many of those that are stored')
        .argParser(countUpTo(MAX_LAST))
        .conflicts('since'),
    )
    .addHelpText(
      'after',
      examples('pmesh tail --topic prices --last 10', 'pmesh tail --inbox', 'pmesh tail --json | jq .text'),
    )
    .action(async ({ data, json, ids, topic, inbox, from, sender = from, type, since, last }) => {
      const { tailMessages } = await import('../tail.ts')
      await tailMessages(
        data,
        { topic, inbox, sender, type, since, last },
        { asJson: json === true, withIds: ids === true },
      )
    })
}
