import type { MessageStore, StoredEntry } from '@pastel-mesh/storage'
import type { TypedEventEmitter } from 'main-event'
import type { MeshNodeEvents } from './index.ts'
import { toMeshAlert } from './mesh-alert.ts'
import type { IsDouble } from './message-reader.ts'
import { isExpired, toLostNotice, toReceivedMessage } from './received-message.ts'

/**
 * Tells a node's listeners what happens in its store: messages, what is lost, alerts, the state of the disk.
 * @returns ends it
 */
export function tellStoreEvents(
  store: MessageStore,
  node: TypedEventEmitter<MeshNodeEvents>,
  isDouble: IsDouble,
): () => void {
  const { disk } = store
  const removers = [
    store.onAppended((entry) => tellEntry(entry, store, node, isDouble)),
    store.onAlert((alert) => node.safeDispatchEvent('alert', { detail: toMeshAlert(alert) })),
    disk.onChange((detail) => node.safeDispatchEvent('disk', { detail })),
  ]
  if (disk.status.state !== 'ok') node.safeDispatchEvent('disk', { detail: disk.status })
  return () => {
    for (const remove of removers) remove()
  }
}

function tellEntry(
  entry: StoredEntry,
  { storeId }: MessageStore,
  node: TypedEventEmitter<MeshNodeEvents>,
  isDouble: IsDouble,
): void {
  if (entry.kind !== 'batch') {
    node.safeDispatchEvent('lost', { detail: toLostNotice(entry, storeId) })
    return
  }
  // What is kept for others is not this node's to read.
  if (node.listenerCount('message') === 0 || !entry.isReadable || isExpired(entry, Date.now())) return
  for (const [index, message] of entry.messages().entries()) {
    if (isDouble(entry, index, message)) continue
    node.safeDispatchEvent('message', { detail: toReceivedMessage(entry, index, storeId) })
  }
}
