import { Argument, type Command, Option } from 'commander'
import { countUpTo, dataOption, examples, jsonOption } from '../options.ts'
import { parseExpiry } from '../parse-time.ts'
import { addJobOptions } from './job-options.ts'

const STATES = ['waiting', 'delayed', 'running', 'done', 'failed', 'cancelled', 'expired'] as const
/** Jobs that one command shows. */
const MAX_JOBS = 10_000

const NAME = '--name <name>'

export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('the queue: what waits, runs and failed; add, retry, cancel, pause and remove jobs')
    .addHelpText('after', examples('pmesh jobs', 'pmesh jobs list failed', 'pmesh jobs retry ID'))
  addList(jobs)
  addShow(jobs)
  addAdd(jobs)
  addRetry(jobs)
  addCancel(jobs)
  addPause(jobs)
  addRemove(jobs)
  addStats(jobs)
}

function addList(jobs: Command): void {
  jobs
    .command('list', { isDefault: true })
    .description(
      'how the queue stands; or the jobs in one state, in the order in which they will run or have ended',
    )
    .addArgument(new Argument('[state]', 'only of this one').choices(STATES))
    .option(NAME, 'only of this name')
    .option('--limit <count>', 'at most so many', countUpTo(MAX_JOBS), 20)
    .option('--after <place>', 'go on where a list ended that said so')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs list', 'pmesh jobs list failed --name mail --limit 100'))
    .action(async (state, { data, json, ...filter }, command: Command) => {
      if (state === undefined && (filter.name !== undefined || filter.after !== undefined)) {
        command.error(`error: say of which state: ${STATES.join(', ')}`)
      }
      const { listJobs, showQueue } = await import('../list-jobs.ts')
      if (state === undefined) await showQueue(data, json === true)
      else await listJobs(data, state, filter, json === true)
    })
}

function addShow(jobs: Command): void {
  jobs
    .command('show')
    .description('all there is of a job: data, attempts, progress, steps, log, result, failure')
    .argument('<id>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs show ID'))
    .action(async (id, { data, json }) => {
      const { showJob } = await import('../show-job.ts')
      await showJob(data, id, json === true)
    })
}

function addAdd(jobs: Command): void {
  const add = jobs
    .command('add')
    .description('add a job; prints its id when it is on disk')
    .argument('<name>', 'which handler does it')
    .argument('[json]', 'its data; "-": the standard input (default: null)')
    .option('--at <time>', 'not before: 10m (from now), or 2026-01-31T12:00:00Z', parseExpiry)
    .option('--expires <time>', 'not if it has not started by then', parseExpiry)
    .option('--dedup-key <key>', 'add it only if no job of this name with this key is known')
  addJobOptions(add)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        `pmesh jobs add mail '{"to":"a@example.org"}' --at 10m`,
        'pmesh jobs add report - < report.json',
      ),
    )
    .action(async (name, json, { data, json: asJson, ...flags }) => {
      const { addJob } = await import('../change-jobs.ts')
      await addJob(data, { name, data: json, flags }, asJson === true)
    })
}

function addRetry(jobs: Command): void {
  jobs
    .command('retry')
    .description(
      'let jobs that failed, were cancelled or expired wait again, with all attempts; steps stay done',
    )
    .argument('[id...]')
    .option('--failed', 'all that failed')
    .option(NAME, 'with --failed, only of this name')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs retry ID', 'pmesh jobs retry --failed --name mail'))
    .action(async (ids: string[], { data, json, failed, name }, command: Command) => {
      if ((ids.length === 0) !== (failed === true)) command.error('error: give ids, or --failed')
      if (name !== undefined && failed !== true) command.error('error: --name goes with --failed')
      const { redriveJobs, retryJobs } = await import('../change-jobs.ts')
      if (failed === true) await redriveJobs(data, name, json === true)
      else process.exitCode = await retryJobs(data, ids, json === true)
    })
}

function addCancel(jobs: Command): void {
  jobs
    .command('cancel')
    .description('end jobs that have not ended; those that run are told to')
    .argument('<id...>')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs cancel ID'))
    .action(async (ids, { data, json }) => {
      const { cancelJobs } = await import('../change-jobs.ts')
      process.exitCode = await cancelJobs(data, ids, json === true)
    })
}

function addPause(jobs: Command): void {
  jobs
    .command('pause')
    .description('start no more jobs, of one name or at all, also after a restart; those that run go on')
    .argument('[name]', 'only of this name')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs pause', 'pmesh jobs pause mail'))
    .action(async (name, { data, json }) => {
      const { pauseJobs } = await import('../change-jobs.ts')
      await pauseJobs(data, name, json === true)
    })
  jobs
    .command('resume')
    .description('let jobs start again, of one name or at all; a name that was paused by itself stays so')
    .argument('[name]', 'only of this name')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs resume', 'pmesh jobs resume mail'))
    .action(async (name, { data, json }) => {
      const { resumeJobs } = await import('../change-jobs.ts')
      await resumeJobs(data, name, json === true)
    })
}

function addRemove(jobs: Command): void {
  jobs
    .command('remove')
    .description('forget jobs; one that runs has to be cancelled first')
    .argument('[id...]')
    .addOption(
      new Option('--all <state>', 'all of this state').choices(STATES.filter((one) => one !== 'running')),
    )
    .option(NAME, 'with --all, only of this name')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs remove ID', 'pmesh jobs remove --all cancelled --name mail'))
    .action(async (ids: string[], { data, json, all, name }, command: Command) => {
      if ((ids.length === 0) !== (all !== undefined)) command.error('error: give ids, or --all STATE')
      if (name !== undefined && all === undefined) command.error('error: --name goes with --all')
      const { clearJobs, removeJobs } = await import('../change-jobs.ts')
      const which = { status: all, ...(name === undefined ? {} : { name }) }
      if (all !== undefined) await clearJobs(data, which, json === true)
      else process.exitCode = await removeJobs(data, ids, json === true)
    })
}

function addStats(jobs: Command): void {
  jobs
    .command('stats')
    .description('how many jobs of each name are in each state, and what was done since the start')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh jobs stats'))
    .action(async ({ data, json }) => {
      const { showJobStats } = await import('../job-stats.ts')
      await showJobStats(data, json === true)
    })
}
