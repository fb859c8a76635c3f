import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalSigner, generateSeed, openKeyFile, readKeyFile, writeKeyFile } from '../src/index.ts'
import { decodeKeyContainer } from '../src/key-container.ts'
import { quickKeyFile } from './quick-key-file.ts'
import { temporaryFolder } from './temporary-folder.ts'

const seed = generateSeed()
const { pastelId } = createLocalSigner(seed)

test('what was written is read back with the same bytes of a passphrase', async () => {
  const path = join(await temporaryFolder(), pastelId)
  await writeKeyFile(path, seed, 'hasło café'.normalize('NFC'))
  expect(await readKeyFile(path, 'hasło café'.normalize('NFC'))).toEqual(seed)
  await expect(readKeyFile(path, 'hasło café'.normalize('NFD'))).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_PASSPHRASE',
  })
})

test('the file is for its owner only, and does not show the key', async () => {
  const path = join(await temporaryFolder(), pastelId)
  await writeKeyFile(path, seed, 'passphrase')
  const bytes = await readFile(path)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(bytes.includes(Buffer.from(seed.subarray(0, 16)))).toBe(false)
  expect(decodeKeyContainer(bytes, path)).toMatchObject({
    publicItems: [],
    secureItems: [{ type: 'pkey_ed448' }],
  })
})

test('one seed under one passphrase gives another salt, nonce and ciphertext each time', async () => {
  const items = []
  for (let i = 0; i < 2; i += 1) items.push(...decodeKeyContainer(await quickKeyFile(), 'key').secureItems)
  const [one, other] = items.map(({ nonce, data }) => [nonce.subarray(0, 16), nonce.subarray(16), data])
  for (const [index, part] of (one ?? []).entries()) expect(part).not.toEqual(other?.[index])
})

test('a copy is the same in every byte; with a new passphrase it opens with that one only', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, pastelId)
  await writeKeyFile(path, seed, 'old')
  const file = await openKeyFile(path, 'old')
  expect(file).toMatchObject({ pastelId, seed })
  await file.save(join(folder, 'copy'))
  expect(await readFile(join(folder, 'copy'))).toEqual(await readFile(path))
  await file.save(join(folder, 'renewed'), { newPassphrase: 'new' })
  expect(await readKeyFile(join(folder, 'renewed'), 'new')).toEqual(seed)
  await expect(readKeyFile(join(folder, 'renewed'), 'old')).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_PASSPHRASE',
  })

  // Nothing is ever written over.
  for (const options of [{}, { newPassphrase: 'new' }]) {
    await expect(file.save(path, options)).rejects.toMatchObject({ code: 'ERR_KEY_FILE_EXISTS' })
  }
  await expect(file.save(join(folder, 'empty'), { newPassphrase: '' })).rejects.toMatchObject({
    code: 'ERR_KEY_FILE_PASSPHRASE',
  })
  const other = createLocalSigner(generateSeed()).pastelId
  await expect(file.save(join(folder, other))).rejects.toMatchObject({ code: 'ERR_KEY_FILE_NAME' })
})
