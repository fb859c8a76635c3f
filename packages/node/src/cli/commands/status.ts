import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('what the node is doing')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh status --json'))
    .action(async ({ data, json }) => {
      const { showStatus } = await import('../status.ts')
      await showStatus(data, json === true)
    })
}
