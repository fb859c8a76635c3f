import { encodePastelId } from '@pastel-mesh/identity'
import { inboxChannel, messageId } from '@pastel-mesh/protocol'
import { expect, it } from 'vitest'
import { checkDemo, hashOf } from '../src/demo/check-demo.ts'
import { LogWriter, seededSigner } from '../src/fixtures/log-writer.ts'
import { fillStore, withStore } from './fixtures/filled-store.ts'

it('the demo’s check wants direct messages readable at both ends, all of them, and nowhere else', async () => {
  const { dataDir, run } = await fillStore()
  const channel = inboxChannel(encodePastelId(seededSigner('bob').publicKey))
  const writer = new LogWriter({ identity: 'alice', channel, startedAtMs: Date.now() })
  const accepted = new Map<string, string>()
  await withStore(dataDir, async (store) => {
    for (const isReadable of [true, false]) {
      const batch = await writer.write({ bodies: [Buffer.from('for bob')] })
      const { secret } = writer
      const options = isReadable && secret !== undefined ? { secret } : { carried: true }
      const placement = await store.place(batch, options)
      if (!('committed' in placement)) throw new Error(placement.status)
      await placement.committed
      accepted.set(messageId(batch.log, batch.batch.first), hashOf('for bob'))
    }
  })
  const [readable, sealed] = [...accepted.keys()]
  const problemsAs = async (ends: { sender: number; recipient: number }) => {
    const [report] = await checkDemo([dataDir], { ...run, direct: { ...ends, accepted } })
    return report?.problems
  }
  const missing = [`direct message ${sealed} is missing, or cannot be read`]
  expect(await problemsAs({ sender: 0, recipient: 1 })).toEqual(missing)
  expect(await problemsAs({ sender: 1, recipient: 0 })).toEqual(missing)
  expect(await problemsAs({ sender: 1, recipient: 2 })).toEqual([
    `direct message ${readable} can be read here`,
  ])
})
