import type { Command } from 'commander'
import { countUpTo, dataOption, examples, fromOptions, idsOption, jsonOption } from '../options.ts'
import { parseTime } from '../parse-time.ts'

/** Messages that one command shows: they are held in memory, as the newest come last. */
const MAX_LISTED = 100_000

export function addInbox(program: Command): void {
  const [from] = fromOptions()
  program
    .command('inbox')
    .description('what was sent to this node, the newest last; "pmesh tail --inbox" shows it as it comes')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(idsOption())
    .addOption(from)
    .option('--type <type>', 'only of this type')
    .option('--since <time>', 'only what the node took in since: 10m, 2h, 3d ago, or ISO 8601', (text) =>
      parseTime(text),
    )
    .option('--limit <count>', 'at most so many, the newest', countUpTo(MAX_LISTED), 20)
    .addHelpText(
      'after',
      examples('pmesh inbox --from PASTELID --since 1d --ids', 'pmesh inbox --json | jq .text'),
    )
    .action(async ({ data, json, ids, from: sender, type, since, limit }) => {
      const { listInbox } = await import('../inbox.ts')
      await listInbox(data, { sender, type, since, limit }, { asJson: json === true, withIds: ids === true })
    })
}
