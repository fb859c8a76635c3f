import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { describe, expect, it } from 'vitest'
import { makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { runCli } from './fixtures/cli.ts'
import { sharedNode } from './fixtures/shared-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

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
      stdout: `added  ${pastelId}  supernode\n`,
      stderr: '',
    })
    expect((await members('add', pastelId)).stdout).toBe(
      `unchanged  ${pastelId}  supernode: it was a member already\n`,
    )
    expect((await members('add', pastelId, '--role', 'guest')).stdout).toBe(
      `changed  ${pastelId}  guest, was supernode\n`,
    )
    expect((await listed()).sort()).toEqual([own, pastelId].sort())
    expect((await members('list')).stdout).toMatch(
      new RegExp(`^PASTELID +ROLE\\n[^]*^${pastelId} +guest$`, 'm'),
    )
    const { stdout } = await members('remove', pastelId, '--json')
    expect(JSON.parse(stdout)).toEqual({ removed: pastelId })
    expect(await listed()).toEqual([own])
  })

  it('adds, lists and removes them in the file of a node that does not run', async () => {
    const dataDir = await temporaryFolder()
    const own = await makeCheapIdentity(dataDir)
    const file = join(dataDir, 'members')
    const offline = async (...args: string[]) => {
      const { code, stdout, stderr } = await runCli(['members', ...args, '--data', dataDir])
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: `pmesh: no node runs: this is about the file ${file}, which it reads when it starts\n`,
      })
      return stdout
    }
    expect(await offline('add', pastelId)).toBe(`added  ${pastelId}  member\n`)
    expect(await readFile(file, 'utf8')).toBe(`${pastelId}\n`)
    expect(await offline('list')).toMatch(new RegExp(`^${pastelId} +member\n${own} +member\n$`, 'm'))
    expect(await offline('remove', pastelId)).toBe(`removed  ${pastelId}\n`)
    expect(await offline('list')).not.toContain(pastelId)
  })

  it('names the line of the member file that is wrong', async () => {
    const file = join(node.dataDir, 'members')
    const before = await readFile(file, 'utf8').catch(() => '')
    await appendFile(file, 'someone\n')
    try {
      const line = before.split('\n').length
      expect(await members('add', pastelId)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: `pmesh: ${file}, line ${line}: "someone" is not a PastelID (ERR_MEMBER_FILE)\n`,
      })
    } finally {
      await writeFile(file, before)
    }
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
