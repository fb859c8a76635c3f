import { execFileSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { freePort } from '../src/mesh/free-port.ts'
import { LocalNode } from '../src/mesh/local-node.ts'
import { waitUntil } from '../src/mesh/wait-until.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

async function makeNode(port: number): Promise<LocalNode> {
  const dataDir = join(await temporaryFolder(), 'data')
  const node = new LocalNode({ dataDir, port, bootstrap: [], topics: [] })
  onTestFinished(async () => void (await node.end('SIGKILL')))
  return node
}

/** Command lines of the processes that work on a data folder. */
function processesOn(dataDir: string): string[] {
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
  return all.split('\n').filter((args) => args.includes(dataDir))
}

describe('a node in a process of its own', () => {
  // The node would say that it is no setting.
  beforeAll(() => void vi.stubEnv('PMESH_TEST_FULL', undefined))
  afterAll(() => void vi.unstubAllEnvs())

  it('that does not start fails with what it said, and can be started when it can', async () => {
    const port = await freePort()
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve))
    const node = await makeNode(port)
    await expect(node.start()).rejects.toThrow(
      /did not start:\npmesh: the node cannot listen on .*ERR_LISTEN/,
    )
    expect(() => node.client).toThrow(/does not run/)
    await new Promise((resolve) => taken.close(resolve))
    await node.start()
    expect((await node.client.api.admin.status.query()).pid).toBe(node.pid)
    await expect(node.start()).rejects.toThrow(/runs already/)
    expect(await node.end()).toBe(0)
    expect(await node.end()).toBe(0)
  })

  it('whose start is given up is gone', async () => {
    const node = await makeNode(await freePort())
    const { dataDir } = node.options
    const given = new AbortController()
    const started = expect(node.start({ signal: given.signal })).rejects.toThrow('enough')
    await waitUntil(() => processesOn(dataDir).length > 0, { what: 'the process' })
    given.abort(new Error('enough'))
    await started
    expect(processesOn(dataDir)).toEqual([])
    await expect(node.start({ signal: given.signal })).rejects.toThrow('enough')
    expect(processesOn(dataDir)).toEqual([])
  })

  it('that is ended by several at once gets one signal', async () => {
    const node = await makeNode(await freePort())
    await node.start()
    // A second one would end it with 130, at once.
    expect(await Promise.all([node.end(), node.end(), node.end()])).toEqual([0, 0, 0])
  })
})
