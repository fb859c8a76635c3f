import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addStop(program: Command): void {
  program
    .command('stop')
    .description('stop the running node gracefully, as SIGTERM does, and wait until its process has ended')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh stop'))
    .action(async ({ data, json }) => {
      const { stop } = await import('../stop.ts')
      await stop(data, json === true)
    })
}

export function addDrain(program: Command): void {
  program
    .command('drain')
    .description('before a stop: take no more own messages and jobs, and let the jobs end that run')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh drain'))
    .action(async ({ data, json }) => {
      const { drain } = await import('../stop.ts')
      await drain(data, json === true)
    })
}
