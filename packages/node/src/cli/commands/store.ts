import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'
import { parseSpan } from './job-options.ts'

export function addStore(program: Command): void {
  const store = program
    .command('store')
    .description('what is on the disk: how large it is, what is removed when, and compaction')
    .addHelpText('after', examples('pmesh store', 'pmesh store retention', 'pmesh store compact'))

  store
    .command('size', { isDefault: true })
    .description('how large the database is, from when to when it goes, what is pinned, and the free space')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh store size --json'))
    .action(async ({ data, json }) => {
      const { showSize } = await import('../store.ts')
      await showSize(data, json === true)
    })

  store
    .command('retention')
    .description('what is kept and for how long, when that was looked at last, and what was removed')
    .option('--run', 'remove now what is to be removed, and wait for that')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh store retention', 'pmesh store retention --run'))
    .action(async ({ data, run, json }) => {
      const { runRetention, showRetention } = await import('../store.ts')
      await (run === true ? runRetention : showRetention)(data, json === true)
    })

  store
    .command('compact')
    .description('rewrite the files of the database without what was removed; the node goes on meanwhile')
    .option('--for <time>', 'for so long at most, such as 5m (default: 10m)', parseSpan)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh store compact', 'pmesh store compact --for 1h'))
    .action(async ({ data, for: maxMs, json }) => {
      const { compact } = await import('../store.ts')
      await compact(data, maxMs, json === true)
    })
}
