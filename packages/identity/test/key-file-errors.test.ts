import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateSeed, openKeyFile, readKeyFile, writeKeyFile } from '../src/index.ts'
import { encodeKeyContainer, KEY_FILE_MAX_BYTES } from '../src/key-container.ts'
import { sealContainer } from '../src/key-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = generateSeed()
const pkey_legroast = new Uint8Array(16).fill(3)

async function fileWith(content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'key')
  await writeFile(path, content)
  return path
}

test('a path where nothing is', async () => {
  const reading = readKeyFile(join(await temporaryFolder(), 'key'), 'passphrase')
  await expect(reading).rejects.toMatchObject({ code: 'ERR_KEY_FILE_MISSING' })
})

describe('ERR_KEY_FILE_PASSPHRASE', () => {
  test('for another passphrase, and for none', async () => {
    const path = join(await temporaryFolder(), 'key')
    await writeKeyFile(path, seed, 'passphrase')
    for (const wrong of ['Passphrase', '']) {
      await expect(readKeyFile(path, wrong)).rejects.toMatchObject({ code: 'ERR_KEY_FILE_PASSPHRASE' })
    }
  })
})

describe('ERR_KEY_FILE_FOREIGN for', () => {
  test.each([
    ['a text', 'hello'],
    ['a PEM file of another kind', '-----BEGIN PRIVATE KEY-----\n'],
    ['another container', 'PastelSecureContaine\u0000\u0000'],
    ['binary', new Uint8Array(200).fill(0xfe)],
    ['a file that is too long', 'PastelSecureContainer'.padEnd(KEY_FILE_MAX_BYTES + 1)],
  ])('%s', async (_what, text) => {
    const path = await fileWith(text)
    await expect(readKeyFile(path, 'passphrase')).rejects.toMatchObject({ code: 'ERR_KEY_FILE_FOREIGN' })
  })

  test('a folder', async () => {
    const path = join(await temporaryFolder(), 'folder')
    await mkdir(path)
    await expect(readKeyFile(path, 'passphrase')).rejects.toMatchObject({ code: 'ERR_KEY_FILE_FOREIGN' })
  })

  test('a device that never ends', async () => {
    await expect(readKeyFile('/dev/zero', 'passphrase')).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_FOREIGN',
    })
  })
})

test('ERR_KEY_FILE_LEGACY for a key of an old core, with what to do', async () => {
  const path = await fileWith('-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGrMFcG\n')
  await expect(readKeyFile(path, 'passphrase')).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_LEGACY',
    message: expect.stringContaining('pastel-cli pastelid passwd'),
  })
})

test('ERR_KEY_FILE_DAMAGED for an empty file', async () => {
  await expect(readKeyFile(await fileWith(''), 'passphrase')).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_DAMAGED',
  })
})

test('a LegRoast key that is damaged stops a copy, and not the PastelID', async () => {
  const content = encodeKeyContainer(await sealContainer({ pkey_ed448: seed, pkey_legroast }, 'passphrase'))
  content[content.length - 1] = (content[content.length - 1] as number) ^ 1
  const path = await fileWith(content)
  expect(await readKeyFile(path, 'passphrase')).toEqual(seed)
  await expect(openKeyFile(path, 'passphrase')).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_DAMAGED',
    message: expect.stringContaining('pkey_legroast was altered'),
  })
})
