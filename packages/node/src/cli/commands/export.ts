import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addExport(program: Command): void {
  program
    .command('export')
    .description(
      'show a direct message to others: who has the file can read its whole batch, and knows who wrote it to whom',
    )
    .argument('[file]', 'where it is written; without one it is printed, in base64')
    .requiredOption(
      '--disclose <message-id>',
      'the message, which this node sent or was sent: see "pmesh inbox --ids", "pmesh sent --ids"',
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'pmesh export --disclose q3lkzxn6rvoh2u5dmjw7t4bcay-12 contract.disclosed',
        'pmesh verify --disclosed contract.disclosed',
      ),
    )
    .action(async (file, { data, json, disclose }) => {
      const { exportDisclosure } = await import('../export-disclosure.ts')
      await exportDisclosure(data, { id: disclose, file, asJson: json === true })
    })
}
