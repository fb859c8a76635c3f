import type { Command } from 'commander'
import { withConfigOptions } from '../before-parsing.ts'
import { examples, jsonOption } from '../options.ts'

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'look at what a node needs, whether it runs or not: folder, disk, ports, clock, limits, proxy, certificates; says what to do, changes nothing, and ends within 45 seconds whatever hangs; takes the flags of "pmesh start"',
    )
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh doctor', 'pmesh doctor --json'))
    .action(async (options) => {
      const { doctor } = await import('../doctor.ts')
      const exitCode = await doctor(options)
      // Where the output is a pipe, not before it is written.
      process.stdout.write('', () => process.exit(exitCode))
    })
  withConfigOptions(command)
}
