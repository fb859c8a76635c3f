import { expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()

it('pmesh relay makes a relay of the running node, and no longer', async () => {
  const data = ['--data', node.dataDir]
  const isRelay = async () => JSON.parse((await runCli(['status', '--json', ...data])).stdout).relay
  expect(await runCli(['relay', 'on', ...data])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^relay on {2}/),
    stderr: '',
  })
  expect(await isRelay()).toBe(true)
  expect(JSON.parse((await runCli(['relay', 'off', '--json', ...data])).stdout)).toEqual({ relay: false })
  expect(await isRelay()).toBe(false)
  expect(await runCli(['relay', 'perhaps', ...data])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Allowed choices are on, off.'),
  })
})
