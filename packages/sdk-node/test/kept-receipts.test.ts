import { type LogId, readReceipt } from '@pastel-mesh/protocol'
import { createStore } from '@pastel-mesh/storage'
import { expect, onTestFinished, test } from 'vitest'
import { KeptReceipts } from '../src/direct/kept-receipts.ts'
import { receiptMakerOf } from './fixtures/direct-peer.ts'
import { ProtocolPeer } from './fixtures/protocol-peer.ts'
import { temporaryFolder } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

test('of who gave too many the oldest go first, also after a restart, whatever logs they are of', async () => {
  const store = createStore({ directory: await temporaryFolder() })
  await store.start()
  onTestFinished(() => store.stop())
  const options = { prefix: 'test/', maxReceipts: 3, maxBytes: 1024 * 1024 }
  const maker = await receiptMakerOf(await ProtocolPeer.start('bob'))
  const give = async (kept: KeptReceipts, letter: string) => {
    const log = `${letter.repeat(25)}a` as LogId
    const [receipt] = await maker.make([{ log, first: 0, last: 0, outcome: 'entered', reason: '' }])
    if (receipt === undefined) throw new Error('no receipt was made')
    const { pastelId: by } = seededSigner('bob')
    await kept.keep([log], { ...receipt, content: readReceipt(receipt.receipt), by })
  }
  const logsOf = (kept: KeptReceipts) => [...kept.all()].map(({ content }) => content.ranges[0]?.log[0])
  const before = new KeptReceipts(options, { store })
  for (const letter of ['c', 'a', 'b']) await give(before, letter)
  const after = new KeptReceipts(options, { store })
  await after.start()
  expect(logsOf(after)).toEqual(['c', 'a', 'b'])
  await give(after, 'd')
  expect(logsOf(after)).toEqual(['a', 'b', 'd'])
})
