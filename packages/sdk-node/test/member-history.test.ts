import { appendFile, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFileRegistry } from '../src/members/file-registry.ts'
import { MemberHistory } from '../src/members/member-history.ts'
import { Tenures } from '../src/members/tenures.ts'
import { temporaryFolder } from './fixtures/storage.ts'
import { seededSigner, waitUntil } from './fixtures/testkit.ts'

type PastelId = ReturnType<typeof seededSigner>['pastelId']
const pastelIdOf = (name: string): PastelId => seededSigner(name).pastelId
const [alice, bob, carol] = [pastelIdOf('alice'), pastelIdOf('bob'), pastelIdOf('carol')]

async function start(path: string) {
  const registry = createFileRegistry({ path, always: [alice], pollMs: 100 })
  await registry.start()
  onTestFinished(() => registry.stop())
  return registry
}

async function newFile(text: string): Promise<string> {
  const path = join(await temporaryFolder(), 'members')
  await writeFile(path, text)
  return path
}

const linesOf = async (path: string) =>
  (await readFile(`${path}.history`, 'utf8'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ').slice(1).join(' '))

test('who was a member when is known after a restart, what changed meanwhile included', async () => {
  const path = await newFile(`${bob}\n${carol} operator\n`)
  const first = await start(path)
  await first.remove(bob)
  const leftBy = Date.now()
  expect(first.memberAt(bob, leftBy)).toBeUndefined()
  await first.stop()
  await writeFile(path, `${bob}\n`)
  await waitUntil(() => Date.now() > leftBy, { what: 'the next millisecond' })

  const second = await start(path)
  const noticedBy = Date.now()
  expect(second.memberAt(bob, leftBy - 60_000)).toEqual({ pastelId: bob, role: 'member' })
  expect(second.memberAt(bob, leftBy)).toBeUndefined()
  expect(second.memberAt(bob, noticedBy)).toEqual({ pastelId: bob, role: 'member' })
  expect(second.memberAt(carol, leftBy)).toEqual({ pastelId: carol, role: 'operator' })
  expect(second.memberAt(carol, noticedBy)).toBeUndefined()
  expect(second.memberAt(alice, 0)).toBeDefined()
  expect(await linesOf(path)).toEqual([
    `joined ${bob} member`,
    `joined ${carol} operator`,
    `left ${bob} member`,
    `left ${carol} operator`,
    `joined ${bob} member`,
  ])
})

test('a line that was being written when the node was killed is written again; one that is wrong is named', async () => {
  const path = await newFile(`${bob}\n`)
  await (await start(path)).stop()
  await appendFile(`${path}.history`, '2026-01-01T00:00:00.000Z left jX')
  const registry = await start(path)
  await registry.add(carol)
  await registry.stop()
  expect(await linesOf(path)).toEqual([`joined ${bob} member`, `joined ${carol} member`])
  await appendFile(`${path}.history`, 'yesterday left\n')
  await expect(start(path)).rejects.toMatchObject({
    code: 'ERR_MEMBER_HISTORY',
    message: expect.stringContaining(`${path}.history, line 4:`),
  })
})

test('members are added and removed where they stand, and all else in the file stays as it is', async () => {
  const path = await newFile(`# the council\n\n${bob} # since spring\n# the end`)
  const registry = await start(path)
  const { mode } = await stat(path)
  expect(await registry.add(carol, 'operator')).toEqual({ pastelId: carol, role: 'operator' })
  await registry.add(bob, 'guest')
  await registry.add(bob)
  expect(await readFile(path, 'utf8')).toBe(
    `# the council\n\n${bob} guest # since spring\n# the end\n${carol} operator\n`,
  )
  expect((await stat(path)).mode).toBe(mode)
  expect(registry.members()).toEqual([
    { pastelId: bob, role: 'guest' },
    { pastelId: carol, role: 'operator' },
    { pastelId: alice, role: 'member' },
  ])
  await registry.remove(bob)
  expect(await readFile(path, 'utf8')).toBe(`# the council\n\n# the end\n${carol} operator\n`)
  await expect(registry.remove(bob)).rejects.toMatchObject({ code: 'ERR_UNKNOWN_MEMBER' })
  await expect(registry.remove(alice)).rejects.toMatchObject({ code: 'ERR_OWN_MEMBER' })
  await expect(registry.add(bob, 'Not a role')).rejects.toMatchObject({ code: 'ERR_ROLE_NAME' })
})

test('a file that is gone changes nothing; one that lists nobody does, once it has been so for a while', async () => {
  const path = await newFile(`${bob}\n`)
  const registry = await start(path)
  const told: string[] = []
  registry.onError((error) => told.push(error.message))
  await rm(path)
  await waitUntil(() => told.length > 0, { what: 'the error to be told' })
  expect(told).toEqual([expect.stringContaining(`${path} is gone`)])
  expect(registry.memberAt(bob, Date.now())).toBeDefined()
  await writeFile(path, '# nobody\n')
  await waitUntil(() => registry.memberAt(bob, Date.now()) === undefined, { what: 'bob to leave' })
})

test('what is remembered of those who left is bounded, and comes back as it was', () => {
  const tenures = new Tenures({ maxLeft: 1 })
  const take = (kind: 'joined' | 'left', pastelId: PastelId, atMs: number) =>
    tenures.take({ kind, pastelId, role: 'member', atMs })
  take('joined', bob, 10)
  take('joined', carol, 10)
  take('left', bob, 20)
  take('left', carol, 30)
  expect(tenures.memberAt(bob, 15)).toBeUndefined()
  expect(tenures.memberAt(carol, 15)).toBeDefined()
  take('joined', carol, 40)
  tenures.take({ kind: 'joined', pastelId: carol, role: 'operator', atMs: 50 })
  const copy = new Tenures()
  for (const event of tenures.events()) copy.take(event)
  const rolesOf = ({ memberAt }: { memberAt: (at: number) => string | undefined }) =>
    [5, 29, 30, 39, 40, 49, 50].map(memberAt)
  for (const one of [tenures, copy]) {
    expect(rolesOf({ memberAt: (at) => one.memberAt(carol, at)?.role })).toEqual([
      'member',
      'member',
      undefined,
      undefined,
      'member',
      'member',
      'operator',
    ])
  }
})

test('changes that are taken while others are written are written behind them, each once', async () => {
  const path = join(await temporaryFolder(), 'history')
  const history = new MemberHistory({ path })
  await history.load()
  const changes = Array.from({ length: 100 }, (_, index) => ({
    kind: 'joined' as const,
    atMs: Date.UTC(2026, 0, 1, 0, index),
    pastelId: pastelIdOf(`member ${index}`),
    role: 'member',
  }))
  // The first makes the file, the others go behind it.
  await history.take(changes.slice(0, 1))
  await Promise.all(changes.slice(1).map((change) => history.take([change])))
  const written = (await readFile(path, 'utf8')).split('\n').filter((line) => /^\d/.test(line))
  expect(written.map((line) => line.split(' ').slice(0, 3))).toEqual(
    changes.map(({ atMs, kind, pastelId }) => [new Date(atMs).toISOString(), kind, pastelId]),
  )
})
