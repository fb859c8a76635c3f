import type { NoticeOutput } from '@pastel-mesh/sdk-server'
import type { LostReason } from '@pastel-mesh/storage'
import { printable } from './output.ts'
import { counted } from './terminal/figures.ts'
import { shownId } from './terminal/screen.ts'

const REASONS: Record<LostReason | 'unreadable', string> = {
  denied: 'nobody who could be reached had it',
  pruned: 'its sender does not have it any more',
  frozen: 'its log contradicts itself',
  unreadable: 'it was sealed to a key that this node does not have, or was damaged',
  'before-history': 'older than the history that is wanted',
}

/** A line for what is not there, in the place where it would have stood. */
export function describeNotice(notice: NoticeOutput): string {
  if (!('first' in notice)) {
    return notice.kind === 'pruned'
      ? 'removed  what comes before was removed while it was read'
      : 'changed  the store was replaced while it was read'
  }
  const { kind, sender, topic = 'inbox', first, last, reason, receivedAtMs } = notice
  return [
    kind,
    new Date(receivedAtMs).toISOString(),
    printable(topic),
    `${counted(last - first + 1, 'message')} of ${shownId(sender)}`,
    `positions ${first} to ${last}: ${REASONS[reason]}`,
  ].join('  ')
}
