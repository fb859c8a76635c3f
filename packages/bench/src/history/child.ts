import { type FilledHistory, fillHistory, type HistoryOptions } from './fill-history.ts'

/** The process that writes the history: whoever reads it has no garbage of a million writes. */

export type ToChild =
  | { readonly type: 'fill'; readonly dataDir: string; readonly options: HistoryOptions }
  | { readonly type: 'end' }
export interface FromChild {
  readonly type: 'filled'
  readonly history: FilledHistory
}

async function act(message: ToChild): Promise<void> {
  if (message.type === 'end') return process.disconnect()
  const history = await fillHistory(message.dataDir, message.options)
  process.send?.({ type: 'filled', history } satisfies FromChild)
}

process.on('message', (message: ToChild) => void act(message))
// A parent that was killed leaves nothing running.
process.on('disconnect', () => process.exit())
