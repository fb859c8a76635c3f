import type { Command } from 'commander'
import { withConfigOptions } from '../before-parsing.ts'
import { examples, jsonOption } from '../options.ts'

export function addPasteld(program: Command): void {
  const pasteld = program
    .command('pasteld')
    .description('the Pastel core: whether it answers, which supernode it is, and what goes through it')
    .addHelpText('after', examples('pmesh pasteld status'))
  const status = pasteld
    .command('status', { isDefault: true })
    .description(
      'whether the core answers and is synchronised, which supernode and PastelID it is, the supernodes, the bridge, and what to do about what is wrong; also when no node runs; takes the flags of "pmesh start"; ends with 1 if something does not work',
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('pmesh pasteld status', 'pmesh pasteld status --pasteld-conf default --json'),
    )
    .action(async (options) => {
      const { showPasteldStatus } = await import('../pasteld-status.ts')
      process.exitCode = await showPasteldStatus(options)
    })
  withConfigOptions(status)
}
