#!/usr/bin/env node
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { MeshError } from '@pastel-mesh/identity'
import { Command, Option } from 'commander'
import { DEFAULT_DATA_DIR } from '../config.ts'
import { readVersion } from '../version.ts'
import { listMessages } from './messages.ts'
import { publish } from './publish.ts'
import { start } from './start.ts'
import { showStatus } from './status.ts'

const collect = (value: string, previous: string[]) => [...previous, value]
const dataOption = () =>
  new Option('-d, --data <folder>', 'data folder of the node').default(DEFAULT_DATA_DIR).env('PMESH_DATA')
const jsonOption = () => new Option('--json', 'print JSON')

const program = new Command('pmesh')
  .description('A node of Pastel Mesh: signed, stored, provable messages between supernodes')
  .version(readVersion())
  .showHelpAfterError('(pmesh help <command> shows what is possible)')

program
  .command('start')
  .description('run a node until it is stopped; makes folder and keys at the first start')
  .addOption(dataOption())
  .option('-n, --network <name>', 'network; nodes of different networks never mix', 'local')
  .option('-l, --listen <multiaddr>', 'address to listen on; may be repeated', collect, [])
  .option('-b, --bootstrap <multiaddr>', 'address to stay connected to; may be repeated', collect, [])
  .option('-t, --topic <name>', 'topic to join and store; may be repeated', collect, [])
  .addOption(new Option('--members <kind>', 'who may take part').choices(['file', 'open']).default('file'))
  .option('--many-peers-per-host', 'no limits by address: for several nodes on one machine')
  .addHelpText('after', '\nExample:\n  $ pmesh start --topic prices --listen /ip4/127.0.0.1/tcp/7124')
  .action(async ({ data, network, listen, bootstrap, topic, members, manyPeersPerHost }) => {
    process.exitCode = await start({
      dataDir: data,
      network,
      bootstrap,
      topics: topic,
      members,
      manyPeersPerHost: manyPeersPerHost === true,
      ...(listen.length === 0 ? {} : { listen }),
    })
  })

program
  .command('status')
  .description('what the node is doing')
  .addOption(dataOption())
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ pmesh status --json')
  .action(async ({ data, json }) => showStatus(data, json === true))

program
  .command('publish')
  .description('publish a message to a topic; without text, one message for each line of the standard input')
  .argument('<topic>')
  .argument('[text]')
  .addOption(dataOption())
  .addOption(jsonOption())
  .option('--type <type>', "the message's type")
  .addHelpText('after', '\nExample:\n  $ pmesh publish prices "hello"\n  $ pmesh publish prices < lines.txt')
  .action(async (topic, text, { data, json, type }) => {
    const lines = text === undefined ? createInterface({ input: createReadStream('', { fd: 0 }) }) : [text]
    await publish(data, { topic, lines, json: json === true, ...(type === undefined ? {} : { type }) })
  })

program
  .command('messages')
  .description('stored messages, the newest last')
  .addOption(dataOption())
  .addOption(jsonOption())
  .option('-t, --topic <name>', 'only of this topic')
  .option('--sender <pastelid>', 'only of this sender')
  .option('--limit <count>', 'at most so many, the newest', (value) => Number(value), 20)
  .addHelpText('after', '\nExample:\n  $ pmesh messages --topic prices --limit 5')
  .action(async ({ data, json, ...filter }) => listMessages(data, filter, json === true))

try {
  await program.parseAsync()
} catch (error) {
  const code = error instanceof MeshError ? ` (${error.code})` : ''
  process.stderr.write(`pmesh: ${(error as Error).message}${code}\n`)
  process.exitCode = 1
}
