import type { Command } from 'commander'
import { withConfigOptions } from '../before-parsing.ts'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .helpCommand(false)
    .description(
      'the settings that a start would have: print them, or check them; those of the running node: show them, or have it read them again',
    )
    .addHelpText('after', examples('pmesh config print', 'pmesh config check', 'pmesh config reload'))
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
      const code = await checkSettings(options)
      // What a plugin has begun when it was loaded would keep the process.
      process.exit(code)
    })
  withConfigOptions(check)
  config
    .command('show')
    .description('every key of the running node, its value, where it comes from, and what waits for a start')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh config show'))
    .action(async ({ data, json }) => {
      const { showConfig } = await import('../running-config.ts')
      await showConfig(data, json === true)
    })
  config
    .command('reload')
    .description(
      'have the running node read pmesh.yaml and .env again, as SIGHUP does: log level, rates, retention, origins and members are applied, the rest is named; what is wrong changes nothing',
    )
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh config reload'))
    .action(async ({ data, json }) => {
      const { reloadConfig } = await import('../running-config.ts')
      await reloadConfig(data, json === true)
    })
}
