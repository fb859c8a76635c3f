import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe.each([[['status']], [['tail']], [['publish', 'prices', 'hello']]])('pmesh %j', (command) => {
  it('says that no node runs, and how to start one', async () => {
    const folder = await temporaryFolder()
    expect(await runCli([...command, '--data', folder])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `pmesh: no node answers on ${folder}/node.sock: start one with "pmesh start --data ${folder}" (ERR_NO_NODE)\n`,
    })
  })

  it('says that there is no such folder', async () => {
    const folder = join(await temporaryFolder(), 'elsewhere')
    expect(await runCli([...command], { env: { PMESH_DATA: folder } })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `pmesh: there is no data folder ${folder}: name the node's with --data or PMESH_DATA (ERR_NO_DATA_FOLDER)\n`,
    })
  })
})

it('pmesh status says that a file is no data folder', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  const { code, stderr } = await runCli(['status', '-d', file])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^pmesh: there is no data folder .*\(ERR_NO_DATA_FOLDER\)\n$/)
})
