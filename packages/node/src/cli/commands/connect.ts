import type { Command } from 'commander'
import { dataOption, examples, jsonOption } from '../options.ts'

const TARGET = 'PastelID, multiaddr, ADDRESS:PORT or localhost:PORT'

export function addConnect(program: Command): void {
  program
    .command('connect')
    .description('connect to a peer; by its PastelID if the node has heard of it')
    .argument('<target>', TARGET)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('pmesh connect 192.0.2.1:7124', 'pmesh connect /dns4/example.org/tcp/443/tls/ws'),
    )
    .action(async (target, { data, json }) => {
      const { connect } = await import('../connect.ts')
      await connect(data, target, json === true)
    })
}

export function addDisconnect(program: Command): void {
  program
    .command('disconnect')
    .description('end the connection to a peer, and do not dial it again until "pmesh connect"')
    .argument('<target>', TARGET)
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('pmesh disconnect 192.0.2.1:7124'))
    .action(async (target, { data, json }) => {
      const { disconnect } = await import('../connect.ts')
      await disconnect(data, target, json === true)
    })
}
