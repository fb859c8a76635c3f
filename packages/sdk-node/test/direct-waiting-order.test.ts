import { MeshError } from '@pastel-mesh/identity'
import { type Certificate, generateSealingKey, type MessageContent, textOf } from '@pastel-mesh/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AddressBook } from '../src/connection/address-book.ts'
import { createCounters } from '../src/counters.ts'
import { DirectSender } from '../src/direct/direct-sender.ts'
import { Outbox } from '../src/direct/outbox.ts'
import { SealingKeys } from '../src/direct/sealing-keys.ts'
import { WaitingMessages } from '../src/direct/waiting-messages.ts'
import { createOpenRegistry } from '../src/index.ts'
import { OutboundPipeline } from '../src/outbound/pipeline.ts'
import { NETWORK } from './fixtures/inbound.ts'
import { batchesOf, openStore } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

const recipient = seededSigner('bob').pastelId
const signer = seededSigner('alice')
const RUNS = process.env.PMESH_TEST_FULL === undefined ? 12 : 100

test('what waits for one recipient leaves in the order in which it was accepted, whatever is refused meanwhile', async () => {
  const { publicKey: sealingKey } = await generateSealingKey()
  const certificate = {
    sealingKey,
    notAfterMs: Date.now() + 3_600_000,
    serial: 1,
    nodeKey: sealingKey,
  } as Certificate
  const sizes = fc.array(fc.oneof(fc.integer({ min: 10, max: 50 }), fc.constant(150_000)), {
    minLength: 1,
    maxLength: 20,
  })
  const refusals = fc.array(fc.boolean(), { maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(sizes, refusals, async (lengths, refused) => {
      const store = await openStore()
      const waiting = new WaitingMessages({ store })
      await waiting.start()
      const script = [...refused]
      const outbound = new OutboundPipeline(
        { network: NETWORK, maxBatchMessages: 4 },
        {
          signer,
          store,
          counters: createCounters(),
          deliver: async () => {},
          seal: (header, payload) => sender.seal(header, payload),
          assertMayPublish: () => {
            if (script.shift() === true) throw new MeshError('ERR_OUTBOUND_FULL', 'no room for this one')
          },
        },
      )
      const book = new AddressBook()
      const sender = new DirectSender({
        own: signer.pastelId,
        keys: new SealingKeys({ values: store.values }),
        book,
        registry: createOpenRegistry(),
        waiting,
        outbox: new Outbox({}, { store, waiting }),
        outbound: () => outbound,
        onError: () => {},
        retryMs: 1,
      })
      sender.begin()
      const texts = lengths.map((length, i) => `${i} ${'x'.repeat(length)}`)
      await Promise.all(texts.map((text) => sender.send([recipient], { text })))
      expect(waiting.list()).toHaveLength(texts.length)
      book.seen(recipient, certificate)
      sender.known(recipient)
      await waitUntil(() => waiting.list().length === 0, { what: 'all to be sent' })
      await sender.stop()
      await outbound.stop()
      const sent = (await batchesOf(store.read())).flatMap((batch): readonly MessageContent[] =>
        batch.messages(),
      )
      expect(sent.map(textOf)).toEqual(texts)
      await store.stop()
    }),
    { numRuns: RUNS },
  )
}, 60_000)
