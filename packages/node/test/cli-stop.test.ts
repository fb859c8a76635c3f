import { expect, it, onTestFinished } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { startNode } from './fixtures/running-node.ts'

it('pmesh drain refuses what comes; pmesh stop ends the process gracefully, and waits for that', async () => {
  const node = await startNode()
  onTestFinished(() => node.remove())
  const pmesh = (...args: string[]) => runCli([...args, '--data', node.dataDir])
  expect(await pmesh('drain')).toMatchObject({
    code: 0,
    stdout: 'draining  no more messages and jobs are taken\n',
    stderr: '',
  })
  expect(await pmesh('publish', 'prices', 'late')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('(ERR_DRAINING)'),
  })
  expect((await pmesh('status')).stdout).toMatch(
    /^ {2}draining +since \S+Z \(\d+ s ago\): it takes no more$/m,
  )
  const stopped = await pmesh('stop', '--json')
  expect({ code: stopped.code, stderr: stopped.stderr }).toEqual({ code: 0, stderr: '' })
  expect(JSON.parse(stopped.stdout)).toEqual({
    pid: node.process.pid,
    timeoutMs: 20_000,
    running: 0,
    tookMs: expect.any(Number),
  })
  // It was gone before the command said so.
  expect(() => process.kill(node.process.pid as number, 0)).toThrow('ESRCH')
  expect(await node.ended).toMatchObject({ code: 0, signal: null })
  expect(node.output()).toContain('takes no more messages and jobs of its own')
  expect(node.output()).toContain('all parts have stopped')
  expect(await pmesh('stop')).toMatchObject({ code: 1, stderr: expect.stringContaining('(ERR_NO_NODE)') })
})
