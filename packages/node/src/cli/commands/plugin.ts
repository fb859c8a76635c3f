import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addPlugin(program: Command): void {
  const plugin = program
    .command('plugin')
    .description('plugins: list what those of the node add, make a new one')
    .addHelpText('after', examples('pmesh plugin list', 'pmesh plugin new greeter'))

  plugin
    .command('list', { isDefault: true })
    .description('the plugins of the running node: procedures, jobs, messages, background tasks, failures')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh plugin list --json'))
    .action(async ({ data, json }) => {
      const { listPlugins } = await import('../list-plugins.ts')
      await listPlugins(data, json === true)
    })

  plugin
    .command('new')
    .description('make a folder with a plugin that runs, and an application that calls it')
    .argument('<name>', 'a lower-case letter, then letters and digits, such as priceFeed')
    .option('--folder <path>', 'where (default: a folder of that name, here)')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('pmesh plugin new greeter', 'pmesh plugin new priceFeed --folder plugins/prices'),
    )
    .action(async (name, { folder, json }) => {
      const { makePlugin } = await import('../plugin-new.ts')
      await makePlugin(name, folder, json === true)
    })

  plugin
    .command('link')
    .description('let a plugin find the packages of this pmesh, as those of "plugin new" do')
    .argument('[folder]', 'of the plugin', '.')
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh plugin link greeter'))
    .action(async (folder, { json }) => {
      const { linkHere } = await import('../plugin-new.ts')
      await linkHere(folder, json === true)
    })
}
