import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'
import { parseExpiry } from '../parse-time.ts'

const TARGET = 'PastelID, PeerId, or IP address without a port'

export function addBans(program: Command): void {
  program
    .command('bans')
    .description('with whom the node has nothing to do: until when, and why')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh bans', 'pmesh bans --json'))
    .action(async ({ data, json }) => {
      const { listBans } = await import('../bans.ts')
      await listBans(data, json === true)
    })
}

export function addBan(program: Command): void {
  program
    .command('ban')
    .description('end all connections to somebody, and let none be made in either direction')
    .argument('<target>', TARGET)
    .option(
      '--for <time>',
      'until then: 10m, 2h, 3d, 1w (from now), or a time (default: "pmesh unban")',
      parseExpiry,
    )
    .option('--reason <text>', 'why, for "pmesh bans"')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh ban PASTELID --for 1d --reason "floods"', 'pmesh ban 192.0.2.1'))
    .action(async (target, options) => {
      const { ban } = await import('../bans.ts')
      const untilMs = options.for?.()
      await ban(options.data, { target, untilMs, reason: options.reason }, options.json === true)
    })
}

export function addUnban(program: Command): void {
  program
    .command('unban')
    .description('end a ban')
    .argument('<target>', TARGET)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh unban 192.0.2.1'))
    .action(async (target, { data, json }) => {
      const { unban } = await import('../bans.ts')
      await unban(data, target, json === true)
    })
}
