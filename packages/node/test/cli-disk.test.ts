import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'

/** A reserve that no disk has. */
const TOO_MUCH_MIB = String(2 ** 30)

describe('a node whose disk has less free than the reserve', () => {
  it('runs and says so, in its output and its status; refuses messages and takes the rest', async () => {
    const node = await startNode({ args: ['--topic', 'prices', '--disk-min-free', `${TOO_MUCH_MIB}MiB`] })
    onTestFinished(() => node.remove())
    const data = ['--data', node.dataDir]
    const low = `nothing new is accepted: \\d\\S* \\w+ free, reserve 1.0 PiB: free some, the node goes on by itself`
    expect(node.output().match(new RegExp(`: disk {10}${low}$`, 'gm'))).toHaveLength(1)
    expect((await runCli(['status', ...data])).stdout).toMatch(new RegExp(`^ {2}disk {6}${low}$`, 'm'))
    const { stdout } = await runCli(['status', '--json', ...data])
    expect(JSON.parse(stdout)).toMatchObject({ disk: { state: 'low', freeBytes: expect.any(Number) } })

    const published = await runCli(['publish', 'prices', 'hello', ...data])
    expect(published).toMatchObject({ code: 1, stdout: '' })
    expect(published.stderr).toMatch(
      /^pmesh: nothing new is stored: .* free \d+ MiB or lower the reserve \(ERR_DISK_RESERVE\)\n$/,
    )
    expect((await runCli(['messages', ...data])).code).toBe(0)
    expect(await stopNode(node)).toMatchObject({ code: 0, stderr: '' })
  })

  it('takes messages when the reserve is lowered', async () => {
    const node = await startNode({ args: ['--topic', 'prices', '--disk-min-free', '0'] })
    onTestFinished(() => node.remove())
    const data = ['--data', node.dataDir]
    expect((await runCli(['publish', 'prices', 'hello', ...data])).code).toBe(0)
    expect((await runCli(['status', ...data])).stdout).toMatch(
      /^ {2}disk {6}ok, \d\S* \w+ free, no reserve$/m,
    )
  })
})

it.each(['-1', '256 apples'])('a reserve of %s is refused', async (value) => {
  const { code, stderr } = await runCli(['start', `--disk-min-free=${value}`, '--data', '/nowhere'])
  expect(code).toBe(1)
  expect(stderr).toContain(`disk.minFree "${value}" (--disk-min-free): not a `)
})
