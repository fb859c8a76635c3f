import type { Command } from 'commander'
import { withConfigOptions } from '../before-parsing.ts'
import { examples, jsonOption } from '../options.ts'

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .helpCommand(false)
    .description('the settings that a start would have: print them, or check them')
    .addHelpText('after', examples('pmesh config print', 'pmesh config check'))
  const print = config
    .command('print')
    .description('every key, its value and where it comes from; takes the flags of "pmesh start"')
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh config print --sync-history 10m'))
    .action(async (options) => {
      const { printConfig } = await import('../config.ts')
      await printConfig(options)
    })
  withConfigOptions(print)
  const check = config
    .command('check')
    .description('find all that is wrong with the settings; takes the flags of "pmesh start"')
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh config check --config pmesh.yaml'))
    .action(async (options) => {
      const { checkSettings } = await import('../config.ts')
      process.exitCode = await checkSettings(options)
    })
  withConfigOptions(check)
}
