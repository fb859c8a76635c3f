import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { runCli } from './fixtures/cli.ts'
import { startNode, stopNode } from './fixtures/running-node.ts'

it('a node that was killed starts again where it was, over what it left behind', async () => {
  const killed = await startNode()
  onTestFinished(() => killed.remove())
  const { dataDir } = killed
  const { database, socket } = dataFolder(dataDir)
  const published = await runCli(['publish', 'prices', 'hello', '--data', dataDir])
  const { signal } = await stopNode(killed, 'SIGKILL')
  expect(signal).toBe('SIGKILL')
  expect(existsSync(socket)).toBe(true)
  expect(await readFile(join(database, 'HOLDER'), 'utf8')).toBe(`${killed.process.pid}\n`)
  // Until then nobody takes it for a running node.
  const { code, stderr } = await runCli(['status', '--data', dataDir])
  expect(code).toBe(1)
  expect(stderr).toBe(
    `pmesh: no node answers on ${socket}: start one with "pmesh start --data ${dataDir}" (ERR_NO_NODE)\n`,
  )

  const again = await startNode({ dataDir })
  expect(again.output()).toContain('stored        1 messages')
  const { stdout } = await runCli(['messages', '--json', '--data', dataDir])
  expect(JSON.parse(stdout)).toMatchObject({ id: published.stdout.trim(), text: 'hello' })
  expect((await stopNode(again)).code).toBe(0)
})
