import type { MeshAlert } from '@pastel-mesh/sdk-node'
import { describeChannel } from './describe-channel.ts'

/** What a sender did, in a line: what is the matter, and what to do. */
export function describeAlert({ kind, sender, channel, reason }: Omit<MeshAlert, 'log' | 'atMs'>): string {
  const where = describeChannel(channel)
  switch (kind) {
    case 'own-identity':
      return `this node: in ${where} there are messages that it signed and did not write: it was restored from an older copy, or a copy of its folder runs: if one runs, stop one of the two; nothing is lost`
    case 'restored':
      return `this node: it was restored from an older copy, for it has no more what it had received (${reason}): whoever still keeps it sends it again, what nobody keeps is lost`
    case 'recipient-restored':
      return `the recipient in ${where} was restored from an older copy (${reason}): it is sent again what is still here; tell its operator`
    case 'fork':
      return `${sender}: it branches in ${where} (${reason}): it was restored from an older copy, or runs twice; all of it is taken in; tell its operator`
    case 'frozen':
      return `${sender}: it contradicts itself in ${where} (${reason}): this log is taken no further, the batches that prove it are kept; it goes on when it is started again; tell its operator`
  }
}
