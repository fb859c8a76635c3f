import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'
import { waitMsOf, waitOption } from './wait-option.ts'

export function addDelivery(program: Command): void {
  program
    .command('delivery')
    .description(
      'what is known of the delivery of a message of this node: state, who keeps it, the receipt; of one to a topic, which of the members that announce it store it',
    )
    .argument('<message-id>', 'as "pmesh send" or "pmesh publish" prints it, or "pmesh sent --ids"')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addOption(
      waitOption(
        'wait for the delivery, 10s or as long as is said; exits with 0: delivered, or stored by all; 1: it never will be, somewhere; 2: not known yet',
      ),
    )
    .addHelpText(
      'after',
      examples(
        'pmesh delivery q3lkzxn6rvoh2u5dmjw7t4bcay-12 --json',
        'pmesh delivery q3lkzxn6rvoh2u5dmjw7t4bcay-12 --wait 30s',
      ),
    )
    .action(async (id, { data, json, wait }) => {
      const { showDelivery } = await import('../delivery.ts')
      process.exitCode = await showDelivery(data, { id, waitMs: waitMsOf(wait), asJson: json === true })
    })
}
