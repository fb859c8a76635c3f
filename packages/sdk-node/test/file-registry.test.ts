import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFileRegistry } from '../src/members/file-registry.ts'
import { createOpenRegistry } from '../src/members/open-registry.ts'
import { temporaryFolder } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => seededSigner(name).pastelId) as [
  ReturnType<typeof seededSigner>['pastelId'],
  ReturnType<typeof seededSigner>['pastelId'],
  ReturnType<typeof seededSigner>['pastelId'],
]

async function open(text: string | Uint8Array | undefined, always = [alice]) {
  const path = join(await temporaryFolder(), 'members')
  if (text !== undefined) await writeFile(path, text)
  const registry = createFileRegistry({ path, always })
  return { registry, path, roleOf: (id: typeof alice) => registry.memberAt(id, Date.now())?.role }
}

test('members, roles, comments and empty lines', async () => {
  const { registry, roleOf } = await open(
    `# the council\n\n${bob}\n  ${carol}\toperator  # she runs it\r\n\t\n#${alice} nobody\n`,
    [],
  )
  await registry.start()
  expect(roleOf(bob)).toBe('member')
  expect(roleOf(carol)).toBe('operator')
  expect(roleOf(alice)).toBeUndefined()
  await registry.stop()
})

test('before the start nobody is a member', async () => {
  const { roleOf } = await open(`${bob}\n`)
  expect(roleOf(bob)).toBeUndefined()
})

test('the node itself is always a member, with the role that the file gives it', async () => {
  const { registry, roleOf } = await open(`${bob}\n`)
  await registry.start()
  expect(roleOf(alice)).toBe('member')
  const other = await open(`${alice} operator`)
  await other.registry.start()
  expect(other.roleOf(alice)).toBe('operator')
})

test('a file that is not there has no members', async () => {
  const { registry, roleOf } = await open(undefined)
  await registry.start()
  expect(roleOf(alice)).toBe('member')
  expect(roleOf(bob)).toBeUndefined()
})

test('an empty file, one without a last newline, and one with a byte order mark are read', async () => {
  for (const text of ['', `${bob}`, `\uFEFF${bob}\n`]) {
    const { registry, roleOf } = await open(text)
    await registry.start()
    expect(roleOf(bob)).toBe(text === '' ? undefined : 'member')
  }
})

const wrong: [what: string, text: string, line: number][] = [
  ['no PastelID', `${bob}\n\nbob\n`, 3],
  ['a PastelID that is cut short', `${bob.slice(0, -1)}\n`, 1],
  ['a PastelID with another character', `# 1\n# 2\n${bob.slice(0, -1)}${bob.endsWith('1') ? '2' : '1'}\n`, 3],
  ['a role that is none', `${bob} Operator\n`, 1],
  ['more than a role', `${bob} operator admin\n`, 1],
  ['two roles for one member', `${bob} operator\n${carol}\n${bob} guest\n`, 3],
]

test.each(wrong)('%s: the error names file and line', async (_what, text, line) => {
  const { registry, path } = await open(text)
  await expect(registry.start()).rejects.toMatchObject({
    code: 'ERR_MEMBER_FILE',
    message: expect.stringContaining(`${path}, line ${line}:`),
  })
})

test('a member that is listed twice with the same role is one member', async () => {
  const { registry, roleOf } = await open(`${bob} operator\n${bob} operator # again\n`)
  await registry.start()
  expect(roleOf(bob)).toBe('operator')
})

test('what cannot be read says so', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'members'))
  const registry = createFileRegistry({ path: join(folder, 'members'), always: [] })
  await expect(registry.start()).rejects.toMatchObject({ code: 'ERR_MEMBER_FILE' })
  const { registry: large, path } = await open(Buffer.alloc(16 * 1024 * 1024 + 1, '\n'))
  await expect(large.start()).rejects.toMatchObject({ code: 'ERR_MEMBER_FILE' })
  await chmod(path, 0o600)
})

test('text that is no text is refused', async () => {
  const { registry } = await open(Uint8Array.of(0xff, 0xfe, 0x00, 0x41))
  await expect(registry.start()).rejects.toMatchObject({ code: 'ERR_MEMBER_FILE' })
})

test('a registry that was read keeps its members if the file is broken at the next start', async () => {
  const { registry, path, roleOf } = await open(`${bob}\n`)
  await registry.start()
  await writeFile(path, 'broken')
  await expect(registry.start()).rejects.toMatchObject({ code: 'ERR_MEMBER_FILE' })
  expect(roleOf(bob)).toBe('member')
})

test('the open registry knows everybody', async () => {
  const registry = createOpenRegistry()
  await registry.start()
  expect(registry.memberAt(carol, 0)).toEqual({ pastelId: carol, role: 'member' })
  await registry.stop()
})

test('it can be told to look at its file at once; what is wrong with that is thrown, and changes nothing', async () => {
  const { path } = await open(`${bob}\n`)
  // It would look by itself in an hour.
  const registry = createFileRegistry({ path, always: [alice], pollMs: 3_600_000 })
  await registry.start()
  onTestFinished(() => registry.stop())
  const roleOf = (id: typeof alice) => registry.memberAt(id, Date.now())?.role
  expect(await registry.reload()).toEqual({ joined: [], left: [] })
  await writeFile(path, `${carol} operator\n`)
  await registry.reload()
  expect([roleOf(bob), roleOf(carol)]).toEqual([undefined, 'operator'])
  await writeFile(path, `${carol} operator\n${bob}\nnobody\n`)
  await expect(registry.reload()).rejects.toMatchObject({
    code: 'ERR_MEMBER_FILE',
    message: expect.stringContaining('line 3'),
  })
  await rm(path)
  await expect(registry.reload()).rejects.toMatchObject({
    code: 'ERR_MEMBER_FILE',
    message: expect.stringContaining('is gone'),
  })
  expect([roleOf(bob), roleOf(carol)]).toEqual([undefined, 'operator'])
})
