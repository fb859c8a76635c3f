import { once } from 'node:events'
import { MeshError } from '@pastel-mesh/identity'
import type { SubscribeInput } from '@pastel-mesh/sdk-server'
import { pmeshCommand } from '../pmesh-command.ts'
import { EntryLines } from './entry-lines.ts'
import type { Shown } from './list-entries.ts'
import { json, warn } from './output.ts'
import { withClient } from './with-client.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Prints what the node stores, as it comes, until a signal ends it or nobody reads any more. */
export async function tailMessages(
  dataDir: string,
  input: SubscribeInput,
  { asJson, withIds }: Shown,
): Promise<void> {
  const { signal, end } = endOfTail()
  const lines = new EntryLines({ withIds })
  if (process.stdout.isTTY && !asJson) warn('what is stored shows here; Ctrl-C ends it')
  try {
    await withClient(dataDir, async (_api, { subscribe }) => {
      for await (const entry of subscribe(input, { signal })) {
        const line = asJson ? json(entry) : lines.line(entry)
        // No faster than it is read: what is ahead waits in the node, on its disk.
        if (!process.stdout.write(`${line}\n`))
          await once(process.stdout, 'drain', { signal }).catch(() => {})
      }
    })
  } catch (error) {
    throw isGone(error) ? nodeEnded(dataDir, error) : error
  } finally {
    end()
  }
}

/** Ctrl-C, and a reader that went away, end it well. */
function endOfTail(): { readonly signal: AbortSignal; readonly end: () => void } {
  const ended = new AbortController()
  const abort = () => ended.abort()
  for (const name of SIGNALS) process.once(name, abort)
  process.stdout.once('error', abort)
  return {
    signal: ended.signal,
    end: () => {
      for (const name of SIGNALS) process.off(name, abort)
      process.stdout.off('error', abort)
    },
  }
}

function isGone(error: unknown): error is MeshError {
  return error instanceof MeshError && (error.code === 'ERR_NODE_GONE' || error.code === 'ERR_STOPPED')
}

function nodeEnded(dataDir: string, cause: MeshError): MeshError {
  return new MeshError(
    'ERR_NODE_GONE',
    `the node of ${dataDir} has ended, and nothing more comes: start it again with "${pmeshCommand('start', dataDir)}", and go on with "${pmeshCommand('tail --since TIME', dataDir)}"`,
    { cause },
  )
}
