import { type Command, Option } from 'commander'
import { countUpTo, dataOption, examples, jsonOption } from '../options.ts'
import { addJobOptions, parseSpan } from './job-options.ts'

const MAX_TICKS = 1_000_000_000

export function addSchedules(program: Command): void {
  const schedules = program
    .command('schedules')
    .description('jobs by the clock: list, set and remove schedules')
    .addHelpText('after', examples('pmesh schedules', 'pmesh schedules set hourly report --every 1h'))

  schedules
    .command('list', { isDefault: true })
    .description('the schedules, and when each makes its next job')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh schedules list'))
    .action(async ({ data, json }) => {
      const { listSchedules } = await import('../schedules.ts')
      await listSchedules(data, json === true)
    })

  const set = schedules
    .command('set')
    .description('make a schedule, or change it; with the same timing its next job stays')
    .argument('<id>', 'of the schedule')
    .argument('<name>', 'of its jobs')
    .argument('[json]', 'their data; "-": the standard input (default: null)')
    .addOption(
      new Option('--every <time>', 'such as 30s, 10m, 1d, counted from 1970 on')
        .argParser(parseSpan)
        .conflicts('cron'),
    )
    .option('--cron <expression>', 'five fields, or six with seconds first')
    .addOption(
      new Option('--time-zone <zone>', 'of --cron, such as Europe/Vienna (default: UTC)').conflicts('every'),
    )
    .option('--max-ticks <count>', 'jobs in all (default: no end)', countUpTo(MAX_TICKS))
  addJobOptions(set)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'pmesh schedules set hourly report --every 1h',
        `pmesh schedules set nightly report '{"of":"day"}' --cron "0 3 * * *" --time-zone Europe/Vienna`,
      ),
    )
    .action(async (id, name, json, options, command: Command) => {
      const { data, json: asJson, every, cron, timeZone, maxTicks, ...flags } = options
      if (every === undefined && cron === undefined) command.error('error: give --every, or --cron')
      const { setSchedule } = await import('../schedules.ts')
      const request = { id, name, data: json, everyMs: every, cron, timeZone, maxTicks, flags }
      await setSchedule(data, request, asJson === true)
    })

  schedules
    .command('remove')
    .description('remove a schedule; jobs that it made stay')
    .argument('<id>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh schedules remove hourly'))
    .action(async (id, { data, json }) => {
      const { removeSchedule } = await import('../schedules.ts')
      await removeSchedule(data, id, json === true)
    })
}
