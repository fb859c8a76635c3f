import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'

const node = sharedNode()
const { pastelId } = createLocalSigner(generateSeed())

const members = (...args: string[]) => runCli(['members', ...args, '--data', node.dataDir])

async function listed(): Promise<string[]> {
  const { stdout } = await members('list', '--json')
  return JSON.parse(stdout).members.map((member: { pastelId: string }) => member.pastelId)
}

describe('pmesh members', () => {
  it('adds, lists and removes them while the node runs', async () => {
    const [own] = await listed()
    expect(await members('add', pastelId, '--role', 'supernode')).toMatchObject({
      code: 0,
      stdout: `member  ${pastelId}  supernode\n`,
      stderr: '',
    })
    expect((await listed()).sort()).toEqual([own, pastelId].sort())
    expect((await members('list')).stdout).toMatch(
      new RegExp(`^PASTELID +ROLE\\n[^]*^${pastelId} +supernode$`, 'm'),
    )
    const { stdout } = await members('remove', pastelId, '--json')
    expect(JSON.parse(stdout)).toEqual({ removed: pastelId })
    expect(await listed()).toEqual([own])
  })

  it('says in one line what is wrong', async () => {
    for (const args of [
      ['add', 'nobody'],
      ['remove', pastelId],
    ]) {
      const { code, stdout, stderr } = await members(...args)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^pmesh: [^\n]+ \(ERR_\w+\)\n$/)
    }
  })
})
