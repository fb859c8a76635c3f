import { describe, expect, it, onTestFinished } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { finished, gather, runCli, spawnCli } from './fixtures/cli.ts'
import { makeGappedFolder } from './fixtures/gapped-folder.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()

function tail(dataDir: string, ...args: string[]) {
  const child = spawnCli(['tail', '--data', dataDir, ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = finished(child)
  const output = gather(child.stdout)
  const lines = () => output().split('\n').slice(0, -1)
  return {
    child,
    ended,
    /** Waits until so many lines came. */
    atLeast: (count: number) =>
      waitUntil(() => lines().length >= count && lines(), { what: `${count} lines of pmesh tail` }),
  }
}

async function publish(topic: string, ...texts: string[]): Promise<void> {
  const input = texts.map((text) => `${text}\n`).join('')
  expect((await runCli(['publish', topic, '--lines', '--data', node.dataDir], { input })).code).toBe(0)
}

describe('pmesh tail', () => {
  it('prints the newest, then what comes, each once; until a signal', async () => {
    await publish('prices', 'a', 'b')
    const all = tail(node.dataDir, '--last', '1')
    const json = tail(node.dataDir, '--topic', 'prices', '--since', '1h', '--json')
    expect(await all.atLeast(1)).toEqual([
      expect.stringMatching(/^\S+Z {2}prices {2}jX\w{84} {2}message {2}b$/),
    ])
    await json.atLeast(2)
    await publish('other', 'c')
    await publish('prices', ...Array.from({ length: 600 }, (_, i) => `${i}`))
    const texts = Array.from({ length: 600 }, (_, i) => `${i}`)
    expect((await all.atLeast(602)).map((line) => line.split('  ').at(-1))).toEqual(['b', 'c', ...texts])
    expect((await json.atLeast(602)).map((line) => JSON.parse(line).text)).toEqual(['a', 'b', ...texts])
    all.child.kill('SIGINT')
    json.child.kill('SIGTERM')
    for (const { ended } of [all, json]) {
      expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    }
  })

  it('ends when nobody reads it any more', async () => {
    const { child, ended, atLeast } = tail(node.dataDir, '--last', '1')
    await publish('pipes', 'hello')
    await atLeast(1)
    child.stdout?.destroy()
    // Its first words into the broken pipe.
    await publish('pipes', 'hello')
    await publish('pipes', 'hello')
    expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' })
  })

  it('says what is wrong with what it is asked for', async () => {
    const { code, stderr } = await runCli(['tail', '--from', 'nobody', '--data', node.dataDir])
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'pmesh: the input is wrong: --from: not a PastelID (ERR_REQUEST)\n',
    })
  })

  it('shows what is lost in its place, does not hold up the stop of the node, and says that it has ended', async () => {
    const gapped = await startNode({ dataDir: await makeGappedFolder(), args: ['--members', 'open'] })
    onTestFinished(() => gapped.remove())
    const { ended, atLeast } = tail(gapped.dataDir, '--topic', 'prices', '--last', '10')
    const stuck = tail(gapped.dataDir, '--last', '10')
    await stuck.atLeast(6)
    stuck.child.kill('SIGSTOP')
    const shown = await atLeast(5)
    expect(shown.map((line) => line.split('  ')[0])).toEqual([
      expect.stringMatching(/Z$/),
      'lost',
      expect.stringMatching(/Z$/),
      'late',
      'late',
    ])
    expect(await stopNode(gapped)).toMatchObject({ code: 0 })
    expect(await ended).toMatchObject({
      code: 1,
      stderr: `pmesh: the node of ${gapped.dataDir} has ended, and nothing more comes: start it again with "pmesh start --data ${gapped.dataDir}", and go on with "pmesh tail --since TIME --data ${gapped.dataDir}" (ERR_NODE_GONE)\n`,
    })
  })

  it('says so when the node is killed', async () => {
    const other = await startNode()
    onTestFinished(() => other.remove())
    const { ended, atLeast } = tail(other.dataDir, '--last', '1')
    await runCli(['publish', 'prices', 'hello', '--data', other.dataDir])
    await atLeast(1)
    other.process.kill('SIGKILL')
    expect(await ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has ended, and nothing more'),
    })
  })
})
