import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { runCli } from './fixtures/cli.ts'
import { type RunningNode, startNode, stopNode } from './fixtures/running-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

let node: RunningNode
const ids: string[] = []

beforeAll(async () => {
  node = await startNode()
  for (const text of ['before', `hello \u001b[31m\u202e${'x'.repeat(2_000)}`]) {
    const { stdout } = await runCli(['publish', 'prices', text, '--data', node.dataDir])
    ids.push(stdout.trim())
  }
  return () => node.remove()
})

const verify = (...args: string[]) => runCli(['verify', '--data', node.dataDir, ...args])

/** What `--json` says, without the words of the checks. */
async function report(...args: string[]) {
  const { code, stdout } = await verify('--json', ...args)
  const { checks, ...rest } = JSON.parse(stdout)
  const results = checks.map(({ name, result }: Record<string, string>) => `${name} ${result}`)
  return { code, checks: results, ...rest }
}

describe('pmesh verify', () => {
  it('shows what the signed batch proves; saves it, for others to verify without a node', async () => {
    const [, id = ''] = ids
    const file = join(await temporaryFolder(), 'message.proof')
    const { code, stdout, stderr } = await verify(id, '--out', file)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const line of [
      /^valid {6}its sender signed it/m,
      new RegExp(`^message {4}${id}$`, 'm'),
      /^sender {5}jX\w{84}$/m,
      /^channel {4}topic prices$/m,
      /^content {4}message: text, 2,0\d\d bytes$/m,
      /^text {7}hello \ufffd\[31m\ufffdx{900,}…$/m,
      /^created {4}\d{4}-\S+Z \(\d+ (s|min) ago\)$/m,
      /^ {2}signature {4}ok {2}Ed448/m,
      /^ {2}predecessor {2}ok {2}[0-9a-f]{64}$/m,
      /^saved /m,
    ]) {
      expect(stdout).toMatch(line)
    }
    const elsewhere = ['verify', '--data', '/nowhere', '--proof', file]
    expect((await runCli([...elsewhere, id])).code).toBe(0)
    expect(await runCli([...elsewhere])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ {2}predecessor {2}not checked/m),
    })
    expect(await runCli([...elsewhere, ids[0] ?? ''])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^INVALID {4}position: 0 is not in it: the batch has the positions 1 to 1$/m,
      ),
    })
    const proof = await readFile(file)
    proof[proof.length - 1]! ^= 1
    await writeFile(file, proof)
    expect(await runCli([...elsewhere, id])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^INVALID {4}signature: the PastelID did not sign these bytes/m),
    })
    await writeFile(file, 'nonsense')
    expect(await runCli([...elsewhere])).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^INVALID {4}encoding: /m),
    })
  })

  it.each([
    [[], 'say what to verify: the id of a message'],
    [['nonsense'], '"nonsense" is not a message id'],
    [[`${'a'.repeat(26)}-1`], 'it never came, or was removed (ERR_NOT_STORED)'],
    [['--proof', '/nowhere/proof'], 'the proof /nowhere/proof cannot be read: there is no such file'],
    [['--disclosed', '/nowhere/x'], 'the disclosure /nowhere/x cannot be read: there is no such file'],
    [['--proof', '/dev/null'], '/dev/null is empty, and no proof'],
  ])('%j says in one line what is wrong', async (args, message) => {
    const { code, stdout, stderr } = await verify(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })

  it('reads the database itself when no node runs', async () => {
    const [first = '', second = ''] = ids
    const running = await report(second)
    await stopNode(node)
    expect(running).toMatchObject({ code: 0, isValid: true, source: 'node', position: 1 })
    expect(running.text).toBe(`hello \u001b[31m\u202e${'x'.repeat(2_000)}`)
    expect(await report(second)).toEqual({ ...running, source: 'database' })
    expect(await report(first)).toMatchObject({ code: 0, position: 0, source: 'database' })
    const { stderr } = await verify(`${'a'.repeat(26)}-1`)
    expect(stderr).toContain(`is stored in ${node.dataDir}/db: it never came, or was removed`)
  })
})
