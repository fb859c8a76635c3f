import { dataFolder } from '@pastel-mesh/node'
import { makeEnvelope, openBatch, SIGNATURE_BYTES, splitEnvelope } from '@pastel-mesh/protocol'
import { describe, expect, it } from 'vitest'
import { auditStore } from '../src/mesh/audit-store.ts'
import { copyOf, type Entry, fillStore, renumber, rewriteOrder, withStore } from './fixtures/filled-store.ts'
import { Random } from './fixtures/random.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'
import { BIT_FLIPS } from './fixtures/test-runs.ts'

function audit(dataDir: string) {
  return auditStore(dataFolder(dataDir).database)
}

describe('the audit of a store', () => {
  it('finds nothing wrong with a sound one, and every message in it', async () => {
    const filled = await fillStore()
    const { problems, messages, batches, logs } = await audit(filled.dataDir)
    expect(problems).toEqual([])
    expect([...messages.keys()]).toEqual([...filled.run.accepted.keys()])
    expect(batches).toBe(6)
    expect([...logs.values()].map(({ next }) => next)).toEqual([5, 6, 2])
  })

  it('leaves a sound one as it was', async () => {
    const { dataDir } = await fillStore()
    await rewriteOrder(dataDir, (entries) => entries)
    expect((await audit(dataDir)).problems).toEqual([])
  })

  it.each([0, 1, 2, 3, 4, 5])('reports that entry %i was removed', async (index) => {
    const { dataDir } = await fillStore()
    await rewriteOrder(dataDir, (entries) => entries.toSpliced(index, 1))
    expect((await audit(dataDir)).problems).not.toEqual([])
  })

  it.each([0, 1, 2, 3, 4, 5])('reports that entry %i was removed and the gap closed', async (index) => {
    const { dataDir, batches } = await fillStore()
    const hashes = batches.map(({ hash }) => hash).toSpliced(index, 1)
    await rewriteOrder(dataDir, (entries) => renumber(entries.toSpliced(index, 1), hashes))
    expect((await audit(dataDir)).problems).not.toEqual([])
  })

  it('reports every flipped bit of a stored batch', async () => {
    const filled = await fillStore()
    const random = Random.fromEnvironment()
    const dataDir = await copyOf(filled)
    for (let i = 0; i < BIT_FLIPS; i += 1) {
      const index = random.between(0, filled.batches.length - 1)
      const { envelope } = filled.batches[index] as (typeof filled.batches)[number]
      const bit = random.between(0, envelope.length * 8 - 1)
      const flip = (entries: Entry[]) => entries.with(index, flipped(entries[index] as Entry, bit))
      await rewriteOrder(dataDir, flip)
      const { problems } = await audit(dataDir)
      expect(problems, `entry ${index}, bit ${bit}, PMESH_TEST_SEED=${random.seed}`).not.toEqual([])
      await rewriteOrder(dataDir, flip)
    }
    expect((await audit(dataDir)).problems).toEqual([])
    // Three openings of a database each.
  }, 120_000)

  it('reports a batch that is stored twice', async () => {
    const { dataDir, batches } = await fillStore()
    const hashes = [...batches, batches[0]].map((batch) => batch?.hash as Uint8Array)
    await rewriteOrder(dataDir, (entries) => renumber([...entries, entries[0] as Entry], hashes))
    const { problems } = await audit(dataDir)
    expect(problems).toContainEqual(expect.stringMatching(/^message \S+-0 is stored twice$/))
    expect(problems).toContainEqual(expect.stringMatching(/its log ends at 5$/))
  })

  it('reports batches in another order than their log’s', async () => {
    const { dataDir, batches } = await fillStore()
    const order = [2, 1, 0, 3, 4, 5]
    await rewriteOrder(dataDir, (entries) =>
      renumber(
        order.map((i) => entries[i] as Entry),
        order.map((i) => batches[i]?.hash as Uint8Array),
      ),
    )
    expect((await audit(dataDir)).problems).toContainEqual(expect.stringMatching(/its log ends at 0$/))
  })

  it('reports a batch that its sender did not sign', async () => {
    const { dataDir, writer } = await fillStore()
    const { envelope } = await writer.write()
    const forged = openBatch(makeEnvelope(new Uint8Array(SIGNATURE_BYTES), splitEnvelope(envelope).bytes))
    await withStore(dataDir, async (store) => {
      const placement = await store.place(forged)
      if (placement.status === 'appended') await placement.committed
    })
    expect((await audit(dataDir)).problems).toEqual([expect.stringMatching(/: bad signature$/)])
  })

  it('reports running hashes and counts that are not those of the batches', async () => {
    const { dataDir } = await fillStore()
    await rewriteOrder(dataDir, (entries) =>
      entries.with(2, { ...(entries[2] as Entry), runningHash: Buffer.alloc(8) }),
    )
    expect((await audit(dataDir)).problems).toEqual([expect.stringMatching(/running hash differs$/)])
    const other = await fillStore()
    await rewriteOrder(other.dataDir, (entries) => entries.with(5, { ...(entries[5] as Entry), count: 2 }))
    expect((await audit(other.dataDir)).problems).toEqual([
      expect.stringMatching(/takes 2 positions for 1 messages$/),
    ])
  })

  it('does not make a database where there is none', async () => {
    const dataDir = await temporaryFolder()
    await expect(audit(dataDir)).rejects.toThrow(/ENOENT/)
  })
})

function flipped(entry: Entry, bit: number): Entry {
  const envelope = Uint8Array.from(entry.envelope)
  envelope[bit >> 3] = (envelope[bit >> 3] as number) ^ (1 << (bit & 7))
  return { ...entry, envelope }
}
