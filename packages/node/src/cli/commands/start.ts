import { type Command, Option } from 'commander'
import { collect, countUpTo, dataOption, examples } from '../options.ts'

/** 2^53 bytes, above which numbers are not whole. */
const MAX_MEBIBYTES = 2 ** 33 - 1
/** A hundred years: more is a mistake. */
const MAX_DAYS = 36_500

const MEBIBYTE = 2 ** 20
const DAY_MS = 24 * 60 * 60_000

export function addStart(program: Command): void {
  const toMebibytes = countUpTo(MAX_MEBIBYTES, 0)
  const toDays = countUpTo(MAX_DAYS)
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
    .addHelpText('after', examples('pmesh start --topic prices --listen /ip4/127.0.0.1/tcp/7124'))
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
        const { start } = await import('../start.ts')
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
}
