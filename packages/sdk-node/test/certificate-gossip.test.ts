import type { PastelId } from '@pastel-mesh/identity'
import { readCertificate } from '@pastel-mesh/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { AddressBook } from '../src/connection/address-book.ts'
import { CertificateGossip } from '../src/connection/certificate-gossip.ts'
import { generateNodeKey } from '../src/index.ts'
import { certificateFor } from './fixtures/raw-peers.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

test("a node's own certificate is sent however many of others wait", async () => {
  const { pastelId } = seededSigner('own')
  const envelope = await certificateFor({ nodeKey: await generateNodeKey() }, 'own')
  const book = new AddressBook()
  book.setOwn(pastelId, readCertificate(envelope), envelope)
  const sent: Uint8Array[] = []
  const gossip = new CertificateGossip(
    { network: 'testnet' },
    {
      gossip: {
        joinControl: () => {},
        onSubscriptions: () => () => {},
        publishControl: async (_, data) => {
          sent.push(data)
          return true
        },
      },
      intake: { take: async () => ({ verdict: 'known', pastelId }) },
      book,
      onError: (error) => {
        throw error
      },
    },
  )
  onTestFinished(() => gossip.stop())
  for (let i = 0; i < 100; i += 1) gossip.spread(`jX${i}` as PastelId)
  gossip.spread(pastelId)
  gossip.start()
  await waitUntil(() => sent.length > 0, { what: 'the certificate to be sent', timeoutMs: 5_000 })
  expect(sent).toEqual([envelope])
})
