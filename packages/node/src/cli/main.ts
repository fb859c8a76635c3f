#!/usr/bin/env node
import { Command } from 'commander'
import { readVersion } from '../version.ts'
import { helpAsFlag, isJsonAsked } from './arguments.ts'
import { addAlerts } from './commands/alerts.ts'
import { addAudit } from './commands/audit.ts'
import { addBan, addBans, addUnban } from './commands/bans.ts'
import { addConfig } from './commands/config.ts'
import { addConnect, addDisconnect } from './commands/connect.ts'
import { addDelivery } from './commands/delivery.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExport } from './commands/export.ts'
import { addId } from './commands/id.ts'
import { addInbox } from './commands/inbox.ts'
import { addInit } from './commands/init.ts'
import { addJobs } from './commands/jobs.ts'
import { addKeys } from './commands/keys.ts'
import { addMembers } from './commands/members.ts'
import { addMessages } from './commands/messages.ts'
import { addPasteld } from './commands/pasteld.ts'
import { addPeers } from './commands/peers.ts'
import { addPlugin } from './commands/plugin.ts'
import { addPublish } from './commands/publish.ts'
import { addRelay } from './commands/relay.ts'
import { addSchedules } from './commands/schedules.ts'
import { addSend } from './commands/send.ts'
import { addSent } from './commands/sent.ts'
import { addSessions } from './commands/sessions.ts'
import { addStart } from './commands/start.ts'
import { addStats } from './commands/stats.ts'
import { addStatus } from './commands/status.ts'
import { addDrain, addStop } from './commands/stop.ts'
import { addStore } from './commands/store.ts'
import { addTail } from './commands/tail.ts'
import { addTopics } from './commands/topics.ts'
import { addVerify } from './commands/verify.ts'
import { examples } from './options.ts'
import { survivePipes, warnError, warnJson } from './output.ts'
import { refuseEmpty } from './refuse-empty.ts'

// Each command loads what it needs when it runs: nobody should wait for all of libp2p to see a status.
const argv = helpAsFlag(process.argv)
const asJson = isJsonAsked(argv)
const program = new Command('pmesh')
  .description('A node of Pastel Mesh: signed, stored, provable messages between supernodes')
  .version(readVersion())
  .showHelpAfterError(asJson ? false : '(pmesh help <command> shows what is possible)')
  .configureOutput({
    outputError: (text, write) =>
      asJson ? warnJson('ERR_USAGE', text.replace(/^error: /, '').trimEnd()) : write(text),
  })
  .addHelpText('after', examples('pmesh start --topic prices', 'pmesh publish prices "hello"'))
  .hook('preAction', (_, command) => refuseEmpty(command))

addInit(program)
addConfig(program)
addStart(program)
addDrain(program)
addStop(program)
addStatus(program)
addDoctor(program)
addId(program)
addPeers(program)
addTopics(program)
addMembers(program)
addKeys(program)
addSessions(program)
addAudit(program)
addRelay(program)
addAlerts(program)
addConnect(program)
addDisconnect(program)
addBans(program)
addBan(program)
addUnban(program)
addPublish(program)
addMessages(program)
addTail(program)
addSend(program)
addInbox(program)
addSent(program)
addDelivery(program)
addExport(program)
addVerify(program)
addStats(program)
addStore(program)
addJobs(program)
addSchedules(program)
addPasteld(program)
addPlugin(program)

survivePipes()
try {
  await program.parseAsync(argv)
} catch (error) {
  warnError(error, asJson)
  // Not only the code: an input that was not read to its end, or what half started, would keep the process.
  process.exit(1)
}
