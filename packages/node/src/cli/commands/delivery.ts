import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addDelivery(program: Command): void {
  program
    .command('delivery')
    .description('what is known of the delivery of a message of this node: state, who keeps it, the receipt')
    .argument('<message-id>', 'as "pmesh send" prints it, or "pmesh sent --ids"')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh delivery q3lkzxn6rvoh2u5dmjw7t4bcay-12 --json'))
    .action(async (id, { data, json }) => {
      const { showDelivery } = await import('../delivery.ts')
      await showDelivery(data, id, json === true)
    })
}
