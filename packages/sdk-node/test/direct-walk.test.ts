import { inboxChannel } from '@pastel-mesh/protocol'
import type { MessageStore, StoredBatch } from '@pastel-mesh/storage'
import { onTestFinished, test } from 'vitest'
import { RecipientDelivery } from '../src/direct/recipient-delivery.ts'
import { LogWriter, seededSigner, waitUntil } from './fixtures/testkit.ts'

const bob = seededSigner('bob').pastelId
const carol = seededSigner('carol').pastelId

test('what no mailbox took is offered again, also while new messages come faster than pauses end', async () => {
  const writer = new LogWriter({ identity: 'alice', channel: inboxChannel(bob), startedAtMs: Date.now() })
  const stored: StoredBatch[] = []
  const write = async () => {
    const signed = await writer.write()
    stored.push({
      kind: 'batch',
      signed,
      envelope: signed.envelope,
      position: stored.length,
      count: 1,
    } as StoredBatch)
  }
  const store = {
    get end() {
      return stored.length
    },
    async *read({ from = 0, to }: { from?: number; to?: number }) {
      yield* stored.slice(from, to)
    },
  } as unknown as MessageStore
  const given = new Set<StoredBatch>()
  let isOpen = false
  const delivery = new RecipientDelivery({
    store,
    own: writer.signer.publicKey,
    recipient: bob,
    isConnected: (name) => name === carol,
    connect: () => Promise.reject(new Error('away')),
    give: async (_, batches) => {
      if (!isOpen) throw new Error('full')
      for (const batch of batches) given.add(batch)
      return batches.length
    },
    ask: async () => {},
    isSettled: async () => false,
    holders: (batch) => (given.has(batch) ? [carol] : []),
    mailboxes: () => [carol],
    limited: (act) => act(),
  })
  onTestFinished(() => delivery.stop())
  await write()
  delivery.look()
  const timer = setInterval(() => void write().then(() => delivery.look()), 50)
  onTestFinished(() => clearInterval(timer))
  await waitUntil(() => stored.length > 5, { what: 'some messages' })
  isOpen = true
  await waitUntil(() => given.has(stored[0] as StoredBatch), {
    what: 'the first to be left',
    timeoutMs: 10_000,
  })
})
