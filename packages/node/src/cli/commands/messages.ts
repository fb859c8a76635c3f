import type { Command } from 'commander'
import { addEntryOptions, countUpTo, dataOption, examples, idsOption, jsonOption } from '../options.ts'
import { parseTime } from '../parse-time.ts'

/** Messages that one command shows: they are held in memory, as the newest come last. */
const MAX_LISTED = 100_000

export function addMessages(program: Command): void {
  const command = program
    .command('messages')
    .description('stored messages, the newest last')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(idsOption())
  addEntryOptions(command)
    .option('--since <time>', 'only what the node took in since: 10m, 2h, 3d ago, or ISO 8601', (text) =>
      parseTime(text),
    )
    .option('--until <time>', 'only what the node took in before', (text) => parseTime(text))
    .option('--limit <count>', 'at most so many, the newest', countUpTo(MAX_LISTED), 20)
    .option('--unshared', 'all that this node published and nobody else holds yet, the oldest first')
    .addHelpText(
      'after',
      examples(
        'pmesh messages --topic prices --type trade --since 10m --limit 5',
        'pmesh messages --from PASTELID --ids',
        'pmesh messages --unshared --json > unshared.jsonl',
      ),
    )
    .action(async ({ data, json, ids, from, sender = from, unshared, ...filter }) => {
      const shown = { asJson: json === true, withIds: ids === true }
      if (unshared === true) {
        const { listUnshared } = await import('../unshared.ts')
        return listUnshared(data, shown)
      }
      const { listMessages } = await import('../messages.ts')
      await listMessages(data, { ...filter, ...(sender === undefined ? {} : { sender }) }, shown)
    })
}
