import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { makeGappedFolder } from './fixtures/gapped-folder.ts'
import { type RunningNode, startNode, stopNode } from './fixtures/running-node.ts'

let node: RunningNode

beforeAll(async () => {
  node = await startNode({ dataDir: await makeGappedFolder(), args: ['--members', 'open'] })
})
afterAll(() => node.remove())

async function lines(...args: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runCli([...args, '--data', node.dataDir])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.trimEnd().split('\n')
}

describe('what a node does without', () => {
  it('stands in its place among the messages, and what came after all is marked', async () => {
    const shown = await lines('messages', '--topic', 'prices')
    expect(shown).toHaveLength(5)
    const [first, lost, behind, ...late] = shown
    const time = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`
    expect(first).toMatch(new RegExp(`^${time}  prices  .*prices 0/0$`))
    expect(lost).toMatch(
      new RegExp(
        `^lost  ${time}  prices  12 messages of jX\\w{84}  positions 1 to 12: nobody who could be reached had it$`,
      ),
    )
    expect(behind).toMatch(new RegExp(`^${time}  prices  .*prices 0/13$`))
    expect(late).toEqual([1, 2].map((i) => expect.stringMatching(new RegExp(`^late  ${time}  .*/${i}$`))))
  })

  it('is counted and paged like messages', async () => {
    const all = await lines('messages', '--topic', 'prices')
    for (let limit = 1; limit <= 5; limit += 1) {
      expect(await lines('messages', '--topic', 'prices', '--limit', `${limit}`)).toEqual(all.slice(-limit))
    }
  })

  it('is in the JSON, too', async () => {
    const shown = (await lines('messages', '--topic', 'prices', '--json')).map((line) => JSON.parse(line))
    expect(
      shown.map(({ kind, isLate, position }) => kind ?? (isLate ? `late ${position}` : position)),
    ).toEqual([0, 'lost', 13, 'late 1', 'late 2'])
    expect(shown[1]).toMatchObject({ first: 1, last: 12, reason: 'denied', topic: 'prices' })
  })

  it('shows in the status: alerts, what is held, what is kept', async () => {
    const shown = (await lines('status')).join('\n')
    expect(shown).toMatch(/^ {2}stored {4}\d messages, \d+\.\d KiB$/m)
    expect(shown).toMatch(
      /^ {2}held {6}1 batch, \d+ bytes, until what is before them has come or is given up$/m,
    )
    expect(shown).toMatch(
      /^Alerts\n {2}1 {2}\S+Z {2}jX\w+: it contradicts itself in news \(.*tell its operator\n +"pmesh alerts dismiss NUMBER --data \S+" puts one aside$/m,
    )
    const status = JSON.parse((await lines('status', '--json')).join('\n'))
    expect(status).toMatchObject({
      alerts: [{ kind: 'frozen', channel: { kind: 'topic', topic: 'news' } }],
      store: {
        floor: 0,
        heldBatches: 1,
        heldBytes: expect.any(Number),
        storedBytes: expect.any(Number),
      },
    })
  })

  it('is dismissed, and stays so over a restart', async () => {
    expect(await lines('alerts')).toEqual([
      expect.stringMatching(/^1 {2}\S+Z {2}jX\w+: it contradicts itself/),
    ])
    expect(await runCli(['alerts', 'dismiss', '2', '--data', node.dataDir])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^pmesh: there is no alert 2: "pmesh alerts --data .* \(ERR_UNKNOWN_ALERT\)\n$/,
      ),
    })
    expect(await lines('alerts', 'dismiss', 'all')).toEqual([
      expect.stringMatching(/^dismissed {2}1 {2}jX\w+: it contradicts itself/),
    ])
    await stopNode(node)
    node = await startNode({ dataDir: node.dataDir, args: ['--members', 'open'] })
    expect((await lines('status')).join('\n')).not.toContain('Alerts')
    expect(await runCli(['alerts', '--data', node.dataDir])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `pmesh: 1 alert dismissed: "pmesh alerts --all --data ${node.dataDir}" shows all\n`,
    })
    const [alert] = JSON.parse((await lines('alerts', '--all', '--json')).join(''))
    expect(alert).toMatchObject({ number: 1, kind: 'frozen', dismissedAtMs: expect.any(Number) })
  })
})
