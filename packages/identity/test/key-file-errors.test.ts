import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodePastelId, generateSeed, publicKeyFromSeed, readKeyFile, writeKeyFile } from '../src/index.ts'
import { derivePassphraseKeys, seal } from '../src/key-file-cipher.ts'
import { formatKeyFile, type KeyFileContent } from '../src/key-file-format.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** The smallest cost that is read: these tests are not about its being slow. */
const kdf = { N: 2 ** 14, r: 8, p: 1, salt: new Uint8Array(32) }
const nonce = new Uint8Array(12)
const seed = generateSeed()
const pastelId = encodePastelId(publicKeyFromSeed(seed))
const { encryptionKey, keyCheck } = await derivePassphraseKeys('passphrase', kdf)
const content: KeyFileContent = {
  pastelId,
  kdf,
  keyCheck,
  nonce,
  data: seal(encryptionKey, nonce, pastelId, seed),
}

async function fileWith(text: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'node.key.json')
  await writeFile(path, text)
  return path
}

test('a path where nothing is', async () => {
  const reading = readKeyFile(join(await temporaryFolder(), 'node.key.json'), 'passphrase')
  await expect(reading).rejects.toMatchObject({ code: 'ERR_KEY_FILE_MISSING' })
})

describe('ERR_KEY_FILE_PASSPHRASE', () => {
  test.each(['Passphrase', 'passphrase ', ''])('for %j instead of the right one', async (wrong) => {
    const path = await fileWith(formatKeyFile(content))
    await expect(readKeyFile(path, wrong)).rejects.toMatchObject({ code: 'ERR_KEY_FILE_PASSPHRASE' })
    expect(await readKeyFile(path, 'passphrase')).toEqual(seed)
  })

  test('for a file as it is written', async () => {
    const path = join(await temporaryFolder(), 'node.key.json')
    await writeKeyFile(path, seed, 'passphrase')
    await expect(readKeyFile(path, 'another')).rejects.toMatchObject({ code: 'ERR_KEY_FILE_PASSPHRASE' })
  })
})

describe('ERR_KEY_FILE_FOREIGN for', () => {
  test.each([
    ['an empty file', ''],
    ['a text', 'hello'],
    ['a PEM file', '-----BEGIN ENCRYPTED PRIVATE KEY-----\n'],
    ["the Pastel core's container", 'PastelSecureContainer\u0000\u0000'],
    ['binary', new Uint8Array(200).fill(0xfe)],
    ['JSON that is no object', '"pastel-mesh-key"'],
    ['null', 'null'],
    ['JSON of another kind', '{"format":"other-key","version":1}'],
    ['a later version', '{"format":"pastel-mesh-key","version":2}'],
    ['a file that is too long', formatKeyFile(content) + ' '.repeat(5000)],
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

/** Changes that an attacker makes, who writes the checksum anew. */
describe('ERR_KEY_FILE_DAMAGED, with the right passphrase, for', () => {
  const other = generateSeed()
  const otherId = encodePastelId(publicKeyFromSeed(other))

  test.each<[string, Partial<KeyFileContent>]>([
    ['a changed ciphertext', { data: content.data.map((byte, index) => (index === 5 ? byte ^ 1 : byte)) }],
    ['a changed tag', { data: content.data.map((byte, index) => (index === 72 ? byte ^ 1 : byte)) }],
    ['a changed nonce', { nonce: nonce.map(() => 1) }],
    ['another PastelID', { pastelId: otherId }],
    ['another key than its PastelID has', { data: seal(encryptionKey, nonce, pastelId, other) }],
  ])('%s', async (_what, change) => {
    const path = await fileWith(formatKeyFile({ ...content, ...change }))
    await expect(readKeyFile(path, 'passphrase')).rejects.toMatchObject({ code: 'ERR_KEY_FILE_DAMAGED' })
  })
})
