import type { Command } from 'commander'
import { countUpTo, dataOption, examples, jsonOption } from '../options.ts'

const MAX_ENTRIES = 500

export function addAudit(program: Command): void {
  program
    .command('audit')
    .description('what was changed by the API and the command line, and by whom, the newest first')
    .option('-n, --limit <count>', 'so many', countUpTo(MAX_ENTRIES), 20)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh audit --limit 100'))
    .action(async ({ data, limit, json }) => {
      const { listAudit } = await import('../audit.ts')
      await listAudit(data, limit, json === true)
    })
}
