import { listEntries, type Shown } from './list-entries.ts'

export interface InboxFilter {
  readonly sender?: string | undefined
  readonly type?: string | undefined
  /** When the node took it in, in ms since 1970: then or later. */
  readonly since?: number | undefined
  /** How many of the newest; what stands for messages that are not there counts as one. */
  readonly limit: number
}

/** Shows what came to the node's inbox, the newest last. */
export function listInbox(dataDir: string, filter: InboxFilter, shown: Shown): Promise<void> {
  const { limit, ...rest } = filter
  return listEntries(dataDir, { ...shown, limit, none: 'nothing in the inbox matches' }, (api, page) =>
    api.service.messages.list.query({ ...rest, ...page, inbox: true }),
  )
}
