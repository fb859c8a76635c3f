import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { MAX_BODY_BYTES } from '@pastel-mesh/protocol'

export interface DemoOptions {
  /** Supernodes of the Pastel network instead, whose cores an emulator serves; half of `nodes` are on the mesh. */
  readonly pasteld?: boolean

  readonly nodes: number
  readonly messages: number
  /** Bytes of a message's text; ignored with `input`. */
  readonly size: number
  /** Texts to publish; repeated if there are fewer than messages. Absent: random ones. */
  readonly texts?: readonly string[]
  readonly keep: boolean
}

export const USAGE = `Usage: npm run demo -- [options]

  --nodes N      processes to run, 3 to 20 (default 5)
  --messages M   messages to publish in all (default 2000)
  --size B       bytes of a message (default 256)
  --input FILE   publish the lines of a text file instead of random text
  --pasteld      supernodes of the Pastel network: an emulator serves their cores, half of them are on the mesh;
                 --nodes 4 to 20 (default 10), an even number; --messages each way (default 1000)
  --keep         stay up afterwards, to look at the nodes with pmesh

One node is started late and one is restarted in the middle. At last one gets direct messages while it is away.
`

/** @throws Error: says which option is wrong */
export async function readOptions(args: readonly string[]): Promise<DemoOptions | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pasteld: { type: 'boolean', default: false },
      nodes: { type: 'string' },
      messages: { type: 'string' },
      size: { type: 'string', default: '256' },
      input: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  const options = {
    pasteld: values.pasteld,
    nodes: number('nodes', values.nodes ?? (values.pasteld ? '10' : '5'), values.pasteld ? 4 : 3, 20),
    messages: number('messages', values.messages ?? (values.pasteld ? '1000' : '2000'), 1, 1_000_000),
    size: number('size', values.size, 1, 200_000),
    keep: values.keep,
  }
  if (values.pasteld && (options.nodes % 2 === 1 || values.keep || values.input !== undefined)) {
    throw new Error('--pasteld takes an even number of --nodes, and neither --keep nor --input')
  }
  return values.input === undefined ? options : { ...options, texts: await readTexts(values.input) }
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Error(`--${name} ${text}: give a whole number from ${min} to ${max}`)
  }
  return value
}

async function readTexts(path: string): Promise<string[]> {
  let file: string
  try {
    file = await readFile(path, 'utf8')
  } catch (cause) {
    throw new Error(`--input ${path}: the file cannot be read: ${(cause as Error).message}`, { cause })
  }
  const lines = file.split(/\r?\n/)
  const tooLong = lines.findIndex((line) => Buffer.byteLength(line) > MAX_BODY_BYTES)
  if (tooLong >= 0) {
    throw new Error(
      `--input ${path}: line ${tooLong + 1} is longer than ${MAX_BODY_BYTES} bytes, the most that a message holds`,
    )
  }
  const texts = lines.filter((line) => line !== '')
  if (texts.length === 0) throw new Error(`--input ${path}: the file has no text`)
  return texts
}
