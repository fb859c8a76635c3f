import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createLocalSigner, generateSeed, openKeyFile, readKeyFile, writeKeyFile } from '../src/index.ts'
import { encodeKeyContainer } from '../src/key-container.ts'
import { sealContainer } from '../src/key-file.ts'
import { inPython, missingForPython, type Request, type Result } from './fixtures/python-key-files.ts'
import { makeFolder } from './temporary-folder.ts'

const missing = missingForPython()
if (missing !== undefined) console.warn(missing)

// Not in a Unicode normal form, and more than ASCII: its bytes count.
const passphrase = 'cafe\u0301 \u{1f98b}'
const seed = generateSeed()
const legroastSecret = randomBytes(16)
// As long as a real one.
const legroast = `5RK${'x'.repeat(5600)}`
const { pastelId } = createLocalSigner(seed)
const nonces = { pkey_ed448: randomBytes(24), pkey_legroast: randomBytes(24) }
const secrets = { pkey_ed448: seed, pkey_legroast: legroastSecret }
const timestampSeconds = 1_700_000_000

describe.skipIf(missing !== undefined)('key files of libsodium and ours are the same:', () => {
  let folder: string
  let results: Result[]
  const theirs = () => join(folder, pastelId)
  const renewed = () => join(folder, 'renewed')
  const ours = () => join(folder, 'ours')
  const bare = () => join(folder, 'bare')
  const theirBare = () => join(folder, 'their-bare')

  beforeAll(async () => {
    folder = await makeFolder()
    const hexOf = (values: Record<string, Uint8Array>) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('hex')]),
      )
    const write = (path: string, content: Record<string, Uint8Array>, publicKey: string | null): Request => ({
      do: 'write',
      path,
      passphrase,
      timestamp: timestampSeconds,
      nonces: hexOf(nonces),
      secrets: hexOf(content),
      legroast: publicKey,
    })
    inPython([write(theirs(), secrets, legroast), write(theirBare(), { pkey_ed448: seed }, null)])
    await writeKeyFile(ours(), seed, passphrase)
    await (await openKeyFile(theirs(), passphrase)).save(renewed(), { newPassphrase: 'another' })
    results = inPython([
      { do: 'read', path: ours(), passphrase },
      { do: 'read', path: renewed(), passphrase: 'another' },
    ])
  })

  test('what they write we read', async () => {
    expect(await readKeyFile(theirs(), passphrase)).toEqual(seed)
  })

  test('what we write they read', () => {
    const [read] = results
    expect(read).toMatchObject({ secrets: { pkey_ed448: hex(seed) }, public: {} })
    expect(Object.keys(read?.secrets ?? {})).toEqual(['pkey_ed448'])
    expect(read?.timestamp).toBeGreaterThan(timestampSeconds)
  })

  test('with a new passphrase a file keeps its LegRoast key', () => {
    expect(results[1]).toMatchObject({
      secrets: { pkey_ed448: hex(seed), pkey_legroast: hex(legroastSecret) },
      public: { pubkey_legroast: legroast },
    })
  })

  test('with the same nonces and time they are equal in every byte', async () => {
    const options = { timestampSeconds, nonceOf: (type: keyof typeof nonces) => nonces[type] }
    const publicItems = [{ type: 'pubkey_legroast', data: Buffer.from(legroast) }] as const
    const whole = await sealContainer(secrets, passphrase, { ...options, publicItems })
    expect(hex(encodeKeyContainer(whole))).toBe(hex(await readFile(theirs())))
    await writeFile(
      bare(),
      encodeKeyContainer(await sealContainer({ pkey_ed448: seed }, passphrase, options)),
    )
    expect(hex(await readFile(bare()))).toBe(hex(await readFile(theirBare())))
  })
})

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
