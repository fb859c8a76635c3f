import { Argument, type Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addRelay(program: Command): void {
  program
    .command('relay')
    .description('carry every topic that a node of the network announces, or no longer, until the node stops')
    .addArgument(new Argument('<state>').choices(['on', 'off']))
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh relay on'))
    .action(async (state, { data, json }) => {
      const { setRelay } = await import('../relay.ts')
      await setRelay(data, state === 'on', json === true)
    })
}
