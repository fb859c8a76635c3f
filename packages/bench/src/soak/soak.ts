import { parseArgs } from 'node:util'
import { measureMachine } from '../machine.ts'
import { loadAverage } from '../machine-load.ts'
import type { Outcome } from '../outcome.ts'
import { median, round } from '../statistics.ts'
import { type Flatness, flatnessOf } from './flatness.ts'
import type { State } from './protocol.ts'
import { type PairOptions, runPair, type Tenth } from './run-pair.ts'

/** What grows from the third tenth to the last by no more than that is flat. */
const MAX_GROWTH = 1.25
/** Files of everything may take so much more, or less, for a message at the end than at the beginning. */
const MAX_FILE_GROWTH = 1.1

const MB = 2 ** 20

interface Phase extends PairOptions {
  readonly name: string
}

interface Result extends Flatness {
  readonly phase: Phase
  readonly tenths: readonly Tenth[]
}

/**
 * Two processes: one publishes, the other verifies and stores. After each tenth both stop for a moment and say what
 * memory they take and how large their files are: with everything kept, with as much kept as retention allows, and with
 * a signature for each message.
 */
export async function soak(args: readonly string[]): Promise<Outcome> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '1000000' },
      'kept-messages': { type: 'string' },
      'single-messages': { type: 'string', default: '30000' },
      'keep-mb': { type: 'string', default: '32' },
      size: { type: 'string', default: '256' },
    },
  })
  const messages = Number(values.messages)
  const sizeBytes = Number(values.size)
  const maxBytes = Number(values['keep-mb']) * MB
  const keptMessages = Number(values['kept-messages'] ?? messages)
  const singleMessages = Number(values['single-messages'])
  const machine = await measureMachine()
  const everything = await measure({
    name: 'everything kept',
    messages: keptMessages,
    batch: 512,
    sizeBytes,
    maxBytes: undefined,
  })
  const newest = await measure({
    name: `${values['keep-mb']} MB kept`,
    messages,
    batch: 512,
    sizeBytes,
    maxBytes,
  })
  const single = await measure({
    name: 'one message a batch, everything kept',
    messages: singleMessages,
    batch: 1,
    sizeBytes,
    maxBytes: undefined,
  })
  process.stdout.write(`\n${sizeBytes}-byte messages, ${machine.cpu}, ${machine.cores} cores\n`)
  const claims = [
    ...[everything, newest, single].map(({ phase: { name }, ownGrowth, heapGrowth }) => ({
      claim: `${name}: memory that is not of files grows by ${ownGrowth} and the heap by ${heapGrowth} from the third tenth to the last (≤${MAX_GROWTH})`,
      isTrue: ownGrowth <= MAX_GROWTH && heapGrowth <= MAX_GROWTH,
    })),
    {
      claim: `${newest.phase.name}: the most resident memory of the second half is ${newest.rssGrowth} times that of the first, of files ${newest.fileGrowth} (≤${MAX_GROWTH})`,
      isTrue: newest.rssGrowth <= MAX_GROWTH && newest.fileGrowth <= MAX_GROWTH,
    },
    ...[everything, single].map(({ phase: { name }, bytesPerMessage, fileGrowthPerMessage }) => ({
      claim: `${name}: ${bytesPerMessage} bytes of files a message, ${fileGrowthPerMessage} times those of the first half (≤${MAX_FILE_GROWTH})`,
      isTrue: fileGrowthPerMessage <= MAX_FILE_GROWTH,
    })),
  ]
  for (const { claim, isTrue } of claims) process.stdout.write(`${isTrue ? 'held  ' : 'MISSED'}  ${claim}\n`)
  const summary = {
    bench: 'soak',
    unit: 'MB',
    messages,
    ...columns('kept', everything),
    ...columns('newest', newest),
    ...columns('single', single),
    newest_stored: newest.tenths.at(-1)?.receiver.storedMessages ?? 0,
    kept_file_bytes_message: everything.bytesPerMessage,
    single_file_bytes_message: single.bytesPerMessage,
    kept_messages: keptMessages,
    single_messages: singleMessages,
    keep_mb: Number(values['keep-mb']),
    size_bytes: sizeBytes,
    load_1m: machine.loadAverage,
    load_1m_end: loadAverage(),
    fsyncs_s: machine.fsyncsPerSecond,
    verifies_s: machine.verifiesPerSecond,
  }
  return { summary, isHeld: claims.every(({ isTrue }) => isTrue) }
}

async function measure(phase: Phase): Promise<Result> {
  process.stdout.write(`${phase.name}\n`)
  const tenths = await runPair(phase, (tenth) => process.stdout.write(`  ${row(tenth)}\n`))
  return { phase, tenths, ...flatnessOf(tenths) }
}

function row({ messages, perSecond, publisher, receiver }: Tenth): string {
  const count = messages.toLocaleString('en-US').padStart(9)
  const rate = Math.round(perSecond).toLocaleString('en-US').padStart(7)
  return `${count} messages ${rate} msg/s  publisher ${described(publisher)}  receiver ${described(receiver)}`
}

function described({ memory, fileBytes }: State): string {
  const mb = (value: number) => value.toFixed(0).padStart(3)
  return `RSS ${mb(memory.rssMb)} own ${mb(memory.ownMb)} heap ${mb(memory.heapMb)} files ${mb(fileBytes / MB)} MB`
}

function columns(
  name: string,
  { tenths, rssGrowth, ownGrowth, heapGrowth, fileGrowth }: Result,
): Record<string, number> {
  const last = tenths.at(-1)?.receiver
  return {
    [`${name}_msg_s`]: Math.round(median(tenths.map(({ perSecond }) => perSecond))),
    [`${name}_rss_mb`]: round(last?.memory.rssMb ?? Number.NaN),
    [`${name}_own_mb`]: round(last?.memory.ownMb ?? Number.NaN),
    [`${name}_heap_mb`]: round(last?.memory.heapMb ?? Number.NaN),
    [`${name}_files_mb`]: round((last?.fileBytes ?? Number.NaN) / MB),
    [`${name}_rss_growth`]: rssGrowth,
    [`${name}_own_growth`]: ownGrowth,
    [`${name}_heap_growth`]: heapGrowth,
    [`${name}_file_growth`]: fileGrowth,
  }
}
