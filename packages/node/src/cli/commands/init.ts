import type { Command } from 'commander'
import { beforeParsing } from '../before-parsing.ts'
import { examples, jsonOption } from '../options.ts'

export function addInit(program: Command): void {
  const command = program
    .command('init')
    .description(
      'make a data folder: a PastelID, a node key, a file for the members and a commented pmesh.yaml; never overwrites',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `${examples(
        'pmesh init --network mainnet --topic prices --listen "*:7124"',
        'pmesh id import ~/.pastel/pastelkeys/jX... && pmesh init',
      )}\nA key that was imported into the folder before is the one that the node has; else a new PastelID is made.`,
    )
    .action(async (options) => {
      const { init } = await import('../init.ts')
      await init(options)
    })
  beforeParsing(command, async () => (await import('../config-options.ts')).addInitialOptions(command))
}
