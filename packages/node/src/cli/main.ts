#!/usr/bin/env node
import { Command } from 'commander'
import { readVersion } from '../version.ts'
import { addConnect, addDisconnect } from './commands/connect.ts'
import { addMessages } from './commands/messages.ts'
import { addPublish } from './commands/publish.ts'
import { addStart } from './commands/start.ts'
import { addStats } from './commands/stats.ts'
import { addStatus } from './commands/status.ts'
import { examples } from './options.ts'
import { describeError, survivePipes, warn } from './output.ts'

// Each command loads what it needs when it runs: nobody should wait for all of libp2p to see a status.
const program = new Command('pmesh')
  .description('A node of Pastel Mesh: signed, stored, provable messages between supernodes')
  .version(readVersion())
  .showHelpAfterError('(pmesh help <command> shows what is possible)')
  .addHelpText('after', examples('pmesh start --topic prices', 'pmesh publish prices "hello"'))

addStart(program)
addStatus(program)
addConnect(program)
addDisconnect(program)
addPublish(program)
addMessages(program)
addStats(program)

survivePipes()
try {
  await program.parseAsync()
} catch (error) {
  warn(describeError(error))
  // Not only the code: an input that was not read to its end, or what half started, would keep the process.
  process.exit(1)
}
