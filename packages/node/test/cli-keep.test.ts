import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'

describe('pmesh start takes what is kept, and how much history is wanted,', () => {
  it('as whole numbers of days and MiB', async () => {
    const node = await startNode({ args: ['--history', '7', '--keep-days', '90', '--keep-size', '512'] })
    onTestFinished(() => node.remove())
    expect(node.output()).toMatch(/ready$/m)
  })

  it.each([
    ['--history', '0'],
    ['--history', '1.5'],
    ['--keep-days', '-1'],
    ['--keep-days', '36501'],
    ['--keep-size', '10GiB'],
  ])('and refuses %s %s', async (option, value) => {
    const { code, stderr } = await runCli(['start', `${option}=${value}`, '--data', '/nowhere'])
    expect(code).toBe(1)
    expect(stderr).toContain(`'${option} <`)
    expect(stderr).toContain('Give a whole number from')
  })
})
