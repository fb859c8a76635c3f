import { describe, expect, it } from 'vitest'
import { checkDemo, type DemoRun } from '../src/demo/check-demo.ts'
import { LogWriter } from '../src/fixtures/log-writer.ts'
import { copyOf, fillStore, withStore } from './fixtures/filled-store.ts'

async function problemsOf(dataDir: string, run: DemoRun): Promise<readonly string[]> {
  const [report] = await checkDemo([dataDir], run)
  return report?.problems ?? ['no report']
}

describe("the demo's check", () => {
  it('finds nothing wrong when everything is there', async () => {
    const { dataDir, run } = await fillStore()
    const [report] = await checkDemo([dataDir], run)
    expect(report?.problems).toEqual([])
    expect(report?.cells.slice(2, 6)).toEqual(['7', '13', 'all', '6'])
  })

  it('fails when a message is missing at one node, although its store is sound', async () => {
    const filled = await fillStore()
    const { run, writer } = filled
    const copy = await copyOf(filled)
    const batch = await writer.write()
    await withStore(filled.dataDir, async (store) => {
      const placement = await store.place(batch)
      if (placement.status === 'appended') await placement.committed
    })
    const id = `${batch.log}-${batch.batch.first}`
    const accepted = new Map(run.accepted).set(id, 'hash of its text')
    const reports = await checkDemo([filled.dataDir, copy], { ...run, accepted, published: [7, 7] })
    expect(reports.map(({ problems }) => problems)).toEqual([
      [`message ${id} has another text`],
      [`message ${id} is missing`],
    ])
    expect(reports[1]?.cells).toContain('1 problems')
  })

  it('fails when a message is there that nobody sent', async () => {
    const { dataDir, run } = await fillStore()
    const foreign = await new LogWriter({ identity: 'mallory' }).write()
    await withStore(dataDir, async (store) => {
      const placement = await store.place(foreign)
      if (placement.status === 'appended') await placement.committed
    })
    expect(await problemsOf(dataDir, run)).toEqual([`message ${foreign.log}-0 was never sent`])
  })

  it('fails when a message was sent once and is there under two ids', async () => {
    const { dataDir, run, writer, batches } = await fillStore()
    const again = await writer.write({ change: { payload: batches.at(-1)?.batch.payload as Uint8Array } })
    await withStore(dataDir, async (store) => {
      const placement = await store.place(again)
      if (placement.status === 'appended') await placement.committed
    })
    expect(await problemsOf(dataDir, run)).toEqual([`message ${again.log}-6 was never sent`])
  })

  it('fails when two messages were acknowledged under one id', async () => {
    const { dataDir, run } = await fillStore()
    expect(await problemsOf(dataDir, { ...run, published: [7, 7] })).toEqual([
      '14 messages were acknowledged, under 13 ids',
    ])
  })
})
