import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { createFileRegistry } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { openServer } from './fixtures/open-server.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const { pastelId } = createLocalSigner(generateSeed())

/** A node whose members are in a file. */
async function openWithFile() {
  const path = join(await temporaryFolder(), 'members')
  const registry = createFileRegistry({ path, always: [] })
  await registry.start()
  onTestFinished(() => registry.stop())
  return { path, admin: apiOf((await openServer({ registry })).path).admin }
}

test('members of a file are added, listed and removed', async () => {
  const { path, admin } = await openWithFile()
  expect(await admin.members.add.mutate({ pastelId, role: 'operator' })).toEqual({
    pastelId,
    role: 'operator',
  })
  expect(await readFile(path, 'utf8')).toBe(`${pastelId} operator\n`)
  expect(await admin.members.list.query({})).toEqual({
    isOpen: false,
    size: 1,
    members: [{ pastelId, role: 'operator' }],
  })
  expect((await admin.members.list.query({ offset: 1 })).members).toEqual([])
  await admin.members.remove.mutate({ pastelId })
  await expect(admin.members.remove.mutate({ pastelId })).rejects.toMatchObject({
    data: { code: 'NOT_FOUND', meshCode: 'ERR_UNKNOWN_MEMBER' },
  })
})

test('where everybody is a member nobody is added, and the answer says why', async () => {
  const { admin } = apiOf((await openServer()).path)
  expect(await admin.members.list.query({})).toEqual({ isOpen: true, size: 0, members: [] })
  await expect(admin.members.add.mutate({ pastelId })).rejects.toMatchObject({
    message: expect.stringContaining('takes everybody for a member'),
    data: { code: 'PRECONDITION_FAILED', meshCode: 'ERR_OPEN_MEMBERS' },
  })
})

test('what is wrong with the files of the members is told to whoever changes them', async () => {
  const { path, admin } = await openWithFile()
  await writeFile(path, '# ours\nsomeone\n')
  const refusal = {
    message: `${path}, line 2: "someone" is not a PastelID`,
    data: { code: 'PRECONDITION_FAILED', meshCode: 'ERR_MEMBER_FILE' },
  }
  await expect(admin.members.add.mutate({ pastelId })).rejects.toMatchObject(refusal)
  await expect(admin.members.remove.mutate({ pastelId })).rejects.toMatchObject(refusal)

  await writeFile(path, '')
  await rm(`${path}.history`, { force: true })
  await mkdir(`${path}.history`)
  await expect(admin.members.add.mutate({ pastelId })).rejects.toMatchObject({
    message: expect.stringContaining(`the history of the members, ${path}.history, cannot be written: `),
    data: { code: 'PRECONDITION_FAILED', meshCode: 'ERR_MEMBER_HISTORY' },
  })
})
