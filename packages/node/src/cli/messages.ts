import { listEntries, type Shown } from './list-entries.ts'

export interface MessageFilter {
  readonly topic?: string
  readonly sender?: string
  readonly type?: string
  /** When the node took it in, in ms since 1970: then or later. */
  readonly since?: number
  /** Before. */
  readonly until?: number
  /** How many of the newest; what stands for messages that are not there counts as one. */
  readonly limit: number
}

export function listMessages(dataDir: string, filter: MessageFilter, shown: Shown): Promise<void> {
  const { limit, ...rest } = filter
  return listEntries(dataDir, { ...shown, limit, none: 'no messages are stored that match' }, (api, page) =>
    api.service.messages.list.query({ ...rest, ...page }),
  )
}
