import type { MessageStore } from '@pastel-mesh/storage'
import { byLabel, type Families } from './families.ts'

/** What is stored, and how the disk fares. */
export function addStoreFamilies(families: Families, store: MessageStore): void {
  families.gauge({
    name: 'pmesh_store_messages',
    help: 'Messages that are stored',
    read: () => store.sizes.storedMessages,
  })
  families.gauge({
    name: 'pmesh_store_batches',
    help: 'Batches that are stored: in their order, or held for what is missing before them',
    labels: ['state'],
    read: () => byLabel('state', { ordered: store.sizes.storedBatches, held: store.sizes.heldBatches }),
  })
  families.gauge({
    name: 'pmesh_store_bytes',
    help: 'Bytes of the signed batches that are stored; the database takes somewhat more',
    read: () => store.sizes.storedBytes,
  })
  families.gauge({
    name: 'pmesh_carried_bytes',
    help: 'Direct messages that are kept until they are delivered: own ones, and those of others as a mailbox',
    labels: ['whose'],
    read: () => {
      const { totalBytes, ownBytes } = store.carriedBytes()
      return byLabel('whose', { own: ownBytes, others: totalBytes })
    },
  })
  families.gauge({
    name: 'pmesh_arrival_position',
    help: 'Positions of the arrival order: the oldest that is kept, and the next to be given',
    labels: ['what'],
    read: () => byLabel('what', { floor: store.floor, end: store.end }),
  })
  families.counter({
    name: 'pmesh_store_writes_total',
    help: 'Writes to the database: commits, syncs, operations, and writes that failed',
    labels: ['what'],
    read: () => byLabel('what', { ...store.writer.stats }),
  })
  families.gauge({
    name: 'pmesh_disk_free_bytes',
    help: 'Free disk space, when it was last looked at, and the reserve below which nothing new is taken',
    labels: ['what'],
    read: () => {
      const { freeBytes, minFreeBytes } = store.disk.status
      return byLabel('what', {
        ...(freeBytes === undefined ? {} : { free: freeBytes }),
        reserve: minFreeBytes,
      })
    },
  })
  families.gauge({
    name: 'pmesh_store_writable',
    help: '1 if the database takes what is new',
    read: () => (store.writer.isOpen && store.disk.hasRoom ? 1 : 0),
  })
}
