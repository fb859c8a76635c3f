import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

export function addPeers(program: Command): void {
  program
    .command('peers')
    .description('the peers that are connected: address, round trip ± jitter, topics, and for how long')
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh peers', 'pmesh peers --json'))
    .action(async ({ data, json }) => {
      const { showPeers } = await import('../peers.ts')
      await showPeers(data, json === true)
    })
}
