import { writeFileSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFileRegistry } from '../src/members/file-registry.ts'
import { temporaryFolder } from './fixtures/storage.ts'
import { seededSigner } from './fixtures/testkit.ts'

const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => seededSigner(name).pastelId) as [
  ReturnType<typeof seededSigner>['pastelId'],
  ReturnType<typeof seededSigner>['pastelId'],
  ReturnType<typeof seededSigner>['pastelId'],
]

async function make(text: string, options = {}) {
  const path = join(await temporaryFolder(), 'members')
  await writeFile(path, text)
  const open = () => {
    const registry = createFileRegistry({ path, always: [alice], ...options })
    onTestFinished(() => registry.stop())
    return registry
  }
  return { path, open }
}

test.each([
  ['is not there', undefined],
  ['lists nobody', ''],
  ['lists nobody', '# the council\n'],
])(
  'a member file that %s when a node with members starts is an error, and nobody leaves',
  async (what, text) => {
    const { path, open } = await make(`${bob}\n${carol}\n`)
    const first = open()
    await first.start()
    await first.stop()
    if (text === undefined) await rm(path)
    else await writeFile(path, text)
    await expect(open().start()).rejects.toMatchObject({
      code: 'ERR_MEMBER_FILE',
      message: expect.stringMatching(
        new RegExp(`${path} ${what}, and there were 2 members.*restore.*remove`),
      ),
    })
    expect(await readFile(`${path}.history`, 'utf8')).not.toContain(' left ')
    await writeFile(path, `${bob}\n`)
    const again = open()
    await again.start()
    expect(again.memberAt(bob, Date.now())).toBeDefined()
    expect(again.memberAt(carol, Date.now())).toBeUndefined()
  },
)

test('whose last member was removed starts with nobody, whether it ran then or not', async () => {
  const { path, open } = await make(`# the council\n${alice}\n${bob}\n${carol}\n`)
  const first = open()
  await first.start()
  await first.remove(bob)
  await first.stop()
  await open().remove(carol)
  await writeFile(path, '# the council\n')
  const second = open()
  await second.start()
  expect(second.members()).toEqual([{ pastelId: alice, role: 'member' }])
})

test('a change between the first look and the start of the watch is noticed', async () => {
  const { path, open } = await make(`${bob}\n`, { pollMs: 3_600_000 })
  const registry = open()
  // Told when the file was read, and before anything watches it.
  const remove = registry.onChange(() => {
    remove()
    writeFileSync(path, `${bob}\n${carol}\n`)
  })
  await registry.start()
  expect(registry.memberAt(carol, Date.now())).toBeDefined()
})
