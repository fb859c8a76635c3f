#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'
import { DEFAULT_DATA_DIR } from '../data-folder.ts'
import { readVersion } from '../version.ts'
import { describeError, survivePipes, warn } from './output.ts'
import { parseTime } from './parse-time.ts'

/** Messages that one command shows: they are held in memory, as the newest come last. */
const MAX_LISTED = 100_000

/** Counters that one command shows: what the node gives at once. */
const MAX_STATS = 1_000

/** 2^53 bytes, above which numbers are not whole. */
const MAX_MEBIBYTES = 2 ** 33 - 1

/** A hundred years: more is a mistake. */
const MAX_DAYS = 36_500

const MEBIBYTE = 2 ** 20
const DAY_MS = 24 * 60 * 60_000

const collect = (value: string, previous: string[] = []) => [...previous, value]
const dataOption = () =>
  new Option('-d, --data <folder>', 'data folder of the node').default(DEFAULT_DATA_DIR).env('PMESH_DATA')
const countUpTo = (max: number) => (value: string) => {
  const count = Number(value)
  if (Number.isInteger(count) && count > 0 && count <= max) return count
  throw new InvalidArgumentError(`Give a whole number from 1 to ${max}.`)
}
const toCount = countUpTo(MAX_LISTED)
const toStatsCount = countUpTo(MAX_STATS)
const toMebibytes = (value: string) => {
  const mebibytes = Number(value)
  if (/^\d+$/.test(value) && mebibytes <= MAX_MEBIBYTES) return mebibytes
  throw new InvalidArgumentError(`Give a whole number of MiB, 0 to ${MAX_MEBIBYTES}.`)
}
const toDays = (value: string) => {
  const days = Number(value)
  if (/^\d+$/.test(value) && days >= 1 && days <= MAX_DAYS) return days
  throw new InvalidArgumentError(`Give a whole number of days, 1 to ${MAX_DAYS}.`)
}
const jsonOption = () => new Option('--json', 'print JSON')

// Each command loads what it needs: nobody should wait for all of libp2p to see a status.
const program = new Command('pmesh')
  .description('A node of Pastel Mesh: signed, stored, provable messages between supernodes')
  .version(readVersion())
  .showHelpAfterError('(pmesh help <command> shows what is possible)')
  .addHelpText('after', '\nExample:\n  $ pmesh start --topic prices\n  $ pmesh publish prices "hello"')

program
  .command('start')
  .description('run a node until it is stopped; makes folder and keys at the first start')
  .addOption(dataOption())
  .option('-n, --network <name>', 'network; nodes of different networks never mix', 'local')
  .option(
    '-l, --listen <multiaddr>',
    'address to listen on, for WebSockets with /ws behind it; may be repeated (default: /ip4/127.0.0.1/tcp/7124)',
    collect,
  )
  .option('-b, --bootstrap <multiaddr>', 'address to stay connected to; may be repeated', collect)
  .option('-t, --topic <name>', 'topic to join and store; may be repeated', collect)
  .option('--relay', 'carry every topic that a peer announces')
  .addOption(new Option('--members <kind>', 'who may take part').choices(['file', 'open']).default('file'))
  .option('--min-free <MiB>', 'free space to leave on the disk (default: 256; 0: none)', toMebibytes)
  .option('--history <days>', 'how far back the history of the topics is wanted (default: 3)', toDays)
  .option('--keep-days <days>', 'how long messages are kept (default: 30)', toDays)
  .option('--keep-size <MiB>', 'how much is kept, the newest (default: 16384)', toMebibytes)
  .option('--many-peers-per-host', 'no limits by address: for several nodes on one machine')
  .addHelpText('after', '\nExample:\n  $ pmesh start --topic prices --listen /ip4/127.0.0.1/tcp/7124')
  .action(
    async ({
      data,
      network,
      listen,
      bootstrap = [],
      topic = [],
      relay,
      members,
      minFree,
      history,
      keepDays,
      keepSize,
      manyPeersPerHost,
    }) => {
      const { start } = await import('./start.ts')
      const exitCode = await start({
        dataDir: data,
        network,
        bootstrap,
        topics: topic,
        relay: relay === true,
        members,
        manyPeersPerHost: manyPeersPerHost === true,
        ...(listen === undefined ? {} : { listen }),
        ...(minFree === undefined ? {} : { minFreeBytes: minFree * MEBIBYTE }),
        ...(history === undefined ? {} : { historyMs: history * DAY_MS }),
        retention: {
          ...(keepDays === undefined ? {} : { maxAgeMs: keepDays * DAY_MS }),
          ...(keepSize === undefined ? {} : { maxBytes: keepSize * MEBIBYTE }),
        },
      })
      // The node has stopped; a timer of libp2p would keep the process for another second.
      process.exit(exitCode)
    },
  )

program
  .command('status')
  .description('what the node is doing')
  .addOption(dataOption())
  .addOption(jsonOption())
  .addHelpText('after', '\nExample:\n  $ pmesh status --json')
  .action(async ({ data, json }) => {
    const { showStatus } = await import('./status.ts')
    await showStatus(data, json === true)
  })

const TARGET = 'PastelID, multiaddr, or ADDRESS:PORT'

program
  .command('connect')
  .description('connect to a peer; by its PastelID if the node has met it since it started')
  .argument('<target>', TARGET)
  .addOption(dataOption())
  .addOption(jsonOption())
  .addHelpText(
    'after',
    '\nExample:\n  $ pmesh connect 192.0.2.1:7124\n  $ pmesh connect /dns4/example.org/tcp/443/tls/ws',
  )
  .action(async (target, { data, json }) => {
    const { connect } = await import('./connect.ts')
    await connect(data, target, json === true)
  })

program
  .command('disconnect')
  .description('end the connection to a peer, and do not dial it again until "pmesh connect"')
  .argument('<target>', TARGET)
  .addOption(dataOption())
  .addHelpText('after', '\nExample:\n  $ pmesh disconnect 192.0.2.1:7124')
  .action(async (target, { data }) => {
    const { disconnect } = await import('./connect.ts')
    await disconnect(data, target)
  })

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
    const { publish } = await import('./publish.ts')
    await publish(data, { topic, text, type, asJson: json === true })
  })

program
  .command('messages')
  .description('stored messages, the newest last')
  .addOption(dataOption())
  .addOption(jsonOption())
  .option('-t, --topic <name>', 'only of this topic')
  .option('--sender <pastelid>', 'only of this sender')
  .option('--type <type>', 'only of this type')
  .option('--since <time>', 'only what the node took in since: 10m, 2h, 3d ago, or ISO 8601', (text) =>
    parseTime(text),
  )
  .option('--until <time>', 'only what the node took in before', (text) => parseTime(text))
  .option('--limit <count>', 'at most so many, the newest', toCount, 20)
  .addHelpText('after', '\nExample:\n  $ pmesh messages --topic prices --type trade --since 10m --limit 5')
  .action(async ({ data, json, ...filter }) => {
    const { listMessages } = await import('./messages.ts')
    await listMessages(data, filter, json === true)
  })

program
  .command('stats')
  .description('what the node ever took in, by sender, by receiver or by both, and what it stores')
  .addOption(dataOption())
  .addOption(jsonOption())
  .addOption(
    new Option('--by <what>', 'whose counters').choices(['sender', 'receiver', 'pair']).default('pair'),
  )
  .addOption(
    new Option('--order <what>', 'the largest first')
      .choices(['messages', 'batches', 'bytes'])
      .default('messages'),
  )
  .option('-t, --topic <name>', 'only of this topic')
  .option('--sender <pastelid>', 'only of this sender')
  .option('--limit <count>', 'at most so many', toStatsCount, 20)
  .addHelpText('after', '\nExample:\n  $ pmesh stats --by sender --order bytes')
  .action(async ({ data, json, ...filter }) => {
    const { showStats } = await import('./stats.ts')
    await showStats(data, filter, json === true)
  })

survivePipes()
try {
  await program.parseAsync()
} catch (error) {
  warn(describeError(error))
  // Not only the code: an input that was not read to its end, or what half started, would keep the process.
  process.exit(1)
}
