import { type Command, InvalidArgumentError } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .description('what others did that you should know: list it, and put aside what is dealt with')
    .addHelpText('after', examples('pmesh alerts', 'pmesh alerts dismiss 3'))

  alerts
    .command('list', { isDefault: true })
    .description('the alerts, the oldest first, with their numbers')
    .option('--all', 'those that are dismissed, too')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh alerts list --all'))
    .action(async ({ data, all, json }) => {
      const { listAlerts } = await import('../alerts.ts')
      await listAlerts(data, all === true, json === true)
    })

  alerts
    .command('dismiss')
    .description('show an alert no more, in "pmesh status" as here; it is told again if there is more to it')
    .argument('<number...>', 'as "pmesh alerts" shows it, or "all"', parseNumber)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh alerts dismiss 3 5', 'pmesh alerts dismiss all'))
    .action(async (numbers: Which, { data, json }) => {
      const { dismissAlerts } = await import('../alerts.ts')
      await dismissAlerts(data, numbers === 'all' ? [] : numbers, json === true)
    })
}

type Which = 'all' | number[]

function parseNumber(text: string, previous: Which | undefined): Which {
  if (text === 'all' && previous === undefined) return 'all'
  if (!/^[1-9]\d{0,4}$/.test(text) || previous === 'all') {
    throw new InvalidArgumentError('Give numbers, or all.')
  }
  return [...(previous ?? []), Number(text)]
}
