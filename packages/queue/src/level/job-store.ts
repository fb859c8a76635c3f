import type { MessageStore } from '@pastel-mesh/storage'

/** What the driver needs of a store: the one writer of a database, and what it reads. */
export type JobStore = Pick<MessageStore, 'writer' | 'database' | 'disk' | 'onReopened' | 'start' | 'stop'>
