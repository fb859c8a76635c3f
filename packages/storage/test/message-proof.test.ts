import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { messageId, type SignedBatch } from '@pastel-mesh/protocol'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createStore, openMessageProof, readMessageProof } from '../src/index.ts'
import { LogWriter } from './fixtures/log-writer.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** A started store with a log of three batches, the last of which follows in a run of its own. */
async function openStore() {
  const directory = join(await temporaryFolder(), 'db')
  const store = createStore({ directory })
  await store.start()
  onTestFinished(() => store.stop())
  const writer = new LogWriter({ identity: 'alice', signed: false })
  const batches: SignedBatch[] = [await writer.write({ count: 2 }), await writer.write({ count: 3 })]
  const [, second] = batches as [SignedBatch, SignedBatch]
  const { run, createdAtMs: headCreatedAtMs } = second.batch
  const after = { run, next: 5, headHash: second.hash, headCreatedAtMs }
  batches.push(await new LogWriter({ identity: 'alice', runs: 'second', after, signed: false }).write())
  for (const batch of batches) {
    const placement = await store.place(batch)
    if ('committed' in placement) await placement.committed
  }
  return { directory, store, batches }
}

describe('the proof of a stored message', () => {
  it('is its batch and the one before it, across runs; also when nobody has the store open', async () => {
    const { directory, store, batches } = await openStore()
    const [first, second, third] = batches.map(({ envelope }) => Buffer.from(envelope))
    const expected = [
      [messageId(batches[0]!.log, 1), { envelope: first }],
      [messageId(batches[1]!.log, 2), { envelope: second, predecessor: first }],
      [messageId(batches[2]!.log, 0), { envelope: third, predecessor: second }],
      [messageId(batches[2]!.log, 1), undefined],
    ] as const
    for (const [id, proof] of expected) expect(await readMessageProof(store, id)).toEqual(proof)
    await expect(openMessageProof(directory, expected[0][0])).rejects.toMatchObject({
      code: 'ERR_STORE_LOCKED',
    })
    await store.stop()
    for (const [id, proof] of expected) expect(await openMessageProof(directory, id)).toEqual(proof)
    await expect(openMessageProof(directory, 'nonsense')).rejects.toMatchObject({ code: 'ERR_MESSAGE_ID' })
  })

  it('makes no database where there is none', async () => {
    const directory = await temporaryFolder()
    await mkdir(join(directory, 'db'))
    const id = messageId((await new LogWriter({ identity: 'alice' }).write()).log, 0)
    await expect(openMessageProof(join(directory, 'db'), id)).rejects.toMatchObject({
      code: 'ERR_STORE_OPEN',
      message: `there is no database in ${join(directory, 'db')}`,
    })
    expect(await readdir(join(directory, 'db'))).toEqual([])
  })
})
