import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLocalSigner, generateSeed, readKeyFile, writeKeyFile } from '../src/index.ts'
import { temporaryFolder } from './temporary-folder.ts'

test('what was written is read back with the passphrase, in any Unicode form of it', async () => {
  const path = join(await temporaryFolder(), 'node.key.json')
  const seed = generateSeed()
  await writeKeyFile(path, seed, 'hasło café'.normalize('NFC'))
  expect(await readKeyFile(path, 'hasło café'.normalize('NFD'))).toEqual(seed)
})

test('the file says what it is, is for its owner only, and does not show the key', async () => {
  const path = join(await temporaryFolder(), 'node.key.json')
  const seed = generateSeed()
  await writeKeyFile(path, seed, 'passphrase')

  const text = await readFile(path, 'utf8')
  expect(JSON.parse(text)).toMatchObject({
    format: 'pastel-mesh-key',
    version: 1,
    pastelId: createLocalSigner(seed).pastelId,
    kdf: { name: 'scrypt', N: 131072, r: 8, p: 1 },
    cipher: 'chacha20-poly1305',
  })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  for (const form of ['hex', 'base64', 'latin1'] as const) {
    expect(text).not.toContain(Buffer.from(seed).toString(form).slice(0, 40))
  }
})

test('one seed under one passphrase gives another file each time', async () => {
  const folder = await temporaryFolder()
  const seed = generateSeed()
  const contents = ['a', 'b'].map(async (name) => {
    await writeKeyFile(join(folder, name), seed, 'passphrase')
    return JSON.parse(await readFile(join(folder, name), 'utf8'))
  })
  const [a, b] = await Promise.all(contents)
  expect(a.kdf.salt).not.toBe(b.kdf.salt)
  expect(a.nonce).not.toBe(b.nonce)
  expect(a.data).not.toBe(b.data)
  expect(a.keyCheck).not.toBe(b.keyCheck)
})
