import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createController } from './fixtures/create-controller.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const listen = ['/ip4/127.0.0.1/tcp/0']

async function keyFiles(dataDir: string): Promise<string[]> {
  const keys = await readdir(join(dataDir, 'pastelkeys'))
  return [...keys.map((name) => join('pastelkeys', name)), 'node.key', 'passphrase']
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

describe('the keys of a data folder', () => {
  it('are made by the first start, for the owner alone', async () => {
    const dataDir = join(await temporaryFolder(), 'deep', 'data')
    const { node } = await createController({ dataDir, listen })
    expect(await modeOf(dataDir)).toBe('700')
    // Nothing is left of how they were written.
    expect((await readdir(dataDir)).sort()).toEqual(['node.key', 'passphrase', 'pastelkeys'])
    expect(await modeOf(join(dataDir, 'pastelkeys'))).toBe('700')
    const files = await keyFiles(dataDir)
    expect(files).toEqual([join('pastelkeys', node.pastelId), 'node.key', 'passphrase'])
    for (const file of files) {
      expect(await modeOf(join(dataDir, file)), file).toBe('600')
    }
  })

  it('are private in a folder that others can look into', async () => {
    const dataDir = join(await temporaryFolder(), 'data')
    await mkdir(dataDir, { mode: 0o755 })
    await createController({ dataDir, listen })
    for (const file of await keyFiles(dataDir)) {
      expect(await modeOf(join(dataDir, file)), file).toBe('600')
    }
  })

  it('are the same at the next start', async () => {
    const dataDir = await temporaryFolder()
    const first = await createController({ dataDir, listen })
    const files = async () =>
      Promise.all((await keyFiles(dataDir)).map((file) => readFile(join(dataDir, file))))
    const before = await files()
    const second = await createController({ dataDir, listen })
    expect(second.node.pastelId).toBe(first.node.pastelId)
    expect(second.node.peerId).toBe(first.node.peerId)
    expect(await files()).toEqual(before)
  })

  it('are those of one, if two processes start at the same moment', async () => {
    const dataDir = await temporaryFolder()
    const [one, other] = await Promise.all([
      createController({ dataDir, listen }),
      createController({ dataDir, listen }),
    ])
    const later = await createController({ dataDir, listen })
    for (const controller of [one, other]) {
      expect(controller.node.pastelId).toBe(later.node.pastelId)
      expect(controller.node.peerId).toBe(later.node.peerId)
    }
    expect(await readdir(join(dataDir, 'pastelkeys'))).toEqual([later.node.pastelId])
    expect((await readdir(dataDir)).sort()).toEqual(['node.key', 'passphrase', 'pastelkeys'])
  })
})
