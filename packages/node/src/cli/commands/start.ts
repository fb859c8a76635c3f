import type { Command } from 'commander'
import { withConfigOptions } from '../before-parsing.ts'
import { examples } from '../options.ts'

export function addStart(program: Command): void {
  const command = program
    .command('start')
    .description(
      'run a node until it is stopped; makes folder and keys at the first start. Flags win over variables (PMESH_…, also from the file .env), and those over pmesh.yaml',
    )
    .addHelpText('after', examples('pmesh start --topic prices --listen 192.0.2.1:7124 --sync-history 7d'))
    .action(async (options) => {
      const { start } = await import('../start.ts')
      const exitCode = await start(options)
      // The node has stopped; a timer of libp2p would keep the process for another second.
      process.exit(exitCode)
    })
  withConfigOptions(command)
}
