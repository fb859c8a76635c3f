import type { Command } from 'commander'
import { countUpTo, dataOption, examples, idsOption, jsonOption } from '../options.ts'
import { parseTime } from '../parse-time.ts'

/** Messages that one command shows: they are held in memory, as the newest come last. */
const MAX_LISTED = 100_000

export function addSent(program: Command): void {
  program
    .command('sent')
    .description('what this node sent to single members, the newest last, with the state of its delivery')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(idsOption())
    .option('--to <pastelid>', 'only to this recipient')
    .option('--type <type>', 'only of this type')
    .option('--since <time>', 'only since: 10m, 2h, 3d ago, or ISO 8601', (text) => parseTime(text))
    .option('--limit <count>', 'at most so many, the newest', countUpTo(MAX_LISTED), 20)
    .addHelpText(
      'after',
      examples('pmesh sent --to PASTELID --limit 5 --ids', 'pmesh sent --json | jq .delivery'),
    )
    .action(async ({ data, json, ids, to, type, since, limit }) => {
      const { listSent } = await import('../sent.ts')
      await listSent(data, { to, type, since, limit }, { asJson: json === true, withIds: ids === true })
    })
}
