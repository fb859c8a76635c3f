import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodePastelId, type PastelId } from '@pastel-mesh/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import { CHEAP_PASSPHRASE, makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { type CliOptions, runCli } from './fixtures/cli.ts'
import { makeFolder, removeFolder, temporaryFolder } from './fixtures/temporary-folder.ts'

/** Signed with the Pastel core. */
const CORE = {
  pastelId: 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
  text: 'my_message_1__hello_friends',
  signature:
    'XUrsiNwSHkgacI1iRcUkC+G82dIkEgVvhzUD1awhICkvqBGUgKho7dAWpwKUhNctRJpayS4F89qAS58urukEYs2l9hPYocK/o6gGlZ3kihkzTf7lYC+dC7VAiShiJmJM85t6GjZ3saA6jxIk/BXgqjgA',
}

/** Base58Check of the bytes A1 DD and 57 zeros. */
const OTHER_KIND = 'jXTtvbWVPjWxrrJTGKSEKPkQU7X8S8pQkSNCnWT8NRaVGXoHZN4axavAxQfJDBRnD6fSGSfR9ZJh1MX1jK4bCE'

let dataDir: string
let pastelId: PastelId

beforeAll(async () => {
  dataDir = await makeFolder()
  pastelId = await makeCheapIdentity(dataDir)
})
afterAll(() => removeFolder(dataDir))

const id = (args: readonly string[], options?: CliOptions) => runCli(['id', ...args], options)
const own = (args: readonly string[], options?: CliOptions) => id([...args, '--data', dataDir], options)

describe('pmesh id', () => {
  it.each(['new', 'show', 'list', 'import', 'export', 'sign', 'verify'])(
    '%s --help shows its options and an example',
    async (command) => {
      const { code, stdout } = await id([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(new RegExp(`^Usage: pmesh id ${command} [^]*--data <folder>[^]*--json`))
      expect(stdout).toContain(`Example:\n  $ pmesh id ${command}`)
    },
  )
})

describe('pmesh id new', () => {
  it('makes a PastelID with a random passphrase, and another only with one that is given', async () => {
    const data = await temporaryFolder()
    const { code, stdout } = await id(['new', '--json', '--data', data])
    expect(code).toBe(0)
    const made = JSON.parse(stdout)
    expect(made.file).toBe(join(data, 'pastelkeys', made.pastelId))
    expect(made.passphrase).toBe(join(data, 'passphrase'))
    expect((await stat(made.file)).mode & 0o777).toBe(0o600)

    await rm(made.passphrase)
    const cwd = await temporaryFolder()
    await writeFile(join(cwd, '.env'), 'PMESH_PASSPHRASE x\n')
    expect(await id(['new', '--data', data], { cwd })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /\.env:1 is not NAME=VALUE, and is ignored\n.*the file that --passphrase-file names, .*\(ERR_PASSPHRASE_MISSING\)\n$/,
      ),
    })
    const second = await id(['new', '--data', data], { env: { PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}x` } })
    expect(second.stdout).toMatch(/^PastelID {4}jX\w{84}\nfile {8}\S+\npassphrase {2}PMESH_PASSPHRASE\n$/)
    expect((await id(['show', '--data', data])).stderr).toMatch(
      /^pmesh: there are keys of 2 PastelIDs in .*: name the one to show \(ERR_IDENTITY_CHOICE\)\n$/,
    )
  })
})

describe('pmesh id show and list', () => {
  it('need no passphrase', async () => {
    const show = await own(['show'])
    const publicKey = Buffer.from(decodePastelId(pastelId)).toString('hex')
    const file = join(dataDir, 'pastelkeys', pastelId)
    expect(show).toMatchObject({ code: 0, stderr: '' })
    expect(show.stdout).toBe(
      `PastelID    ${pastelId}\npublic key  ${publicKey}\nfile        ${file}\nnode        takes it when it starts\n`,
    )
    const list = await own(['list', '--json'])
    expect(JSON.parse(list.stdout)).toEqual([{ pastelId, file, node: 'only' }])
  })

  it('say that a folder has no key, or not that one', async () => {
    const data = await temporaryFolder()
    expect(await id(['show', '--data', data])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^pmesh: there is no key in .*"pmesh id new --data \S+".*\(ERR_IDENTITY_MISSING\)\n$/,
      ),
    })
    expect(await id(['show', CORE.pastelId, '--data', data])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_KEY_FILE_MISSING)'),
    })
  })
})

describe('pmesh id import and export', () => {
  it('move a key out under another passphrase, and in under the folder’s', async () => {
    const outside = await temporaryFolder()
    const exported = await own(['export', outside, '--new-passphrase', '--json'], {
      env: { PMESH_NEW_PASSPHRASE: `${PASSPHRASE_PREFIX}for the core` },
    })
    const path = join(outside, pastelId)
    expect(JSON.parse(exported.stdout)).toEqual({ pastelId, file: path })

    const data = await temporaryFolder()
    const kept = join(data, 'passphrase')
    await writeFile(kept, `${PASSPHRASE_PREFIX}of this folder\n`)
    const imported = await id(['import', path, '--new-passphrase', '--data', data], {
      env: { PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}for the core`, PMESH_NEW_PASSPHRASE_FILE: kept },
    })
    expect(imported.stdout).toBe(
      `PastelID  ${pastelId}\nfile      ${join(data, 'pastelkeys', pastelId)}\nnext      pmesh init --data ${data}\n`,
    )
    // The folder's own passphrase opens it now.
    expect((await id(['sign', 'hello', '--data', data])).stdout).toBe((await own(['sign', 'hello'])).stdout)
  })

  it('say which passphrase was wrong, and leave nothing behind', async () => {
    const outside = await temporaryFolder()
    const { code, stderr } = await own(['export', pastelId, join(outside, 'copy')], {
      env: { PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}wr0ng` },
    })
    expect(code).toBe(1)
    expect(stderr).toMatch(/it came from PMESH_PASSPHRASE \(ERR_KEY_FILE_PASSPHRASE\)\n$/)
    expect(stderr).not.toContain('wr0ng')
    expect(await readdir(outside)).toEqual([])
  })

  it('import leaves no folder behind when it fails, and says what else a start needs when it does not', async () => {
    const data = join(await temporaryFolder(), 'new')
    const file = join(dataDir, 'pastelkeys', pastelId)
    expect(
      await id(['import', file, '--data', data], { env: { PMESH_PASSPHRASE: `${PASSPHRASE_PREFIX}wr0ng` } }),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_KEY_FILE_PASSPHRASE)'),
    })
    await expect(stat(data)).rejects.toThrow('ENOENT')
    const { stdout } = await id(['import', file, '--data', data], {
      env: { PMESH_PASSPHRASE: CHEAP_PASSPHRASE },
    })
    expect(stdout).toContain(`passphrase  the node needs it at each start: PMESH_PASSPHRASE, `)
    expect(stdout).toContain(`next        pmesh init --data ${data}\n`)
  })

  it('the command that import says comes next finds the passphrase in the file that import was given', async () => {
    const folder = await temporaryFolder()
    const data = join(folder, 'new')
    const word = join(folder, 'the word')
    await writeFile(word, CHEAP_PASSPHRASE)
    const args = ['--data', data, '--passphrase-file', word]
    const { stdout } = await id(['import', join(dataDir, 'pastelkeys', pastelId), ...args])
    expect(stdout).toMatch(
      new RegExp(`^next +PMESH_PASSPHRASE_FILE='${word}' pmesh init --data ${data}$`, 'm'),
    )
    const made = await runCli(['init', '--data', data], { env: { PMESH_PASSPHRASE_FILE: word } })
    expect(made).toMatchObject({ code: 0, stderr: '' })
  })

  it('never write over a file', async () => {
    const file = join(await temporaryFolder(), 'precious')
    await writeFile(file, 'precious')
    expect(await own(['export', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_KEY_FILE_EXISTS)'),
    })
    expect(await readFile(file, 'utf8')).toBe('precious')
    expect(await own(['import', join(dataDir, 'pastelkeys', pastelId)])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_KEY_FILE_EXISTS)'),
    })
  })

  it('tell what a file is that is no key file', async () => {
    const file = join(await temporaryFolder(), 'old.pem')
    await writeFile(file, '-----BEGIN ENCRYPTED PRIVATE KEY-----\n')
    const { stderr } = await own(['import', file])
    expect(stderr).toMatch(/^pmesh: .*pastel-cli pastelid passwd.*\(ERR_KEY_FILE_LEGACY\)\n$/)
  })
})

describe('pmesh id sign and verify', () => {
  it('agree, over an argument and the same standard input', async () => {
    const { stdout } = await own(['sign', 'zażółć 🦋'])
    const signature = stdout.trimEnd()
    expect(signature).toMatch(/^[A-Za-z0-9+/]{152}$/)
    // One line feed at the end does not count.
    expect((await own(['sign'], { input: 'zażółć 🦋\n' })).stdout).toBe(stdout)
    expect((await own(['sign', '-'], { input: 'zażółć 🦋\n\n' })).stdout).not.toBe(stdout)
    expect(await id(['verify', pastelId, signature, '-'], { input: 'zażółć 🦋\n' })).toMatchObject({
      code: 0,
      stdout: `valid: ${pastelId} signed this text\n`,
      stderr: '',
    })
  })

  it.each([['pastel-mesh/batch/1:00'], ['-']])('refuses to sign for the protocol (%s)', async (text) => {
    const { code, stdout, stderr } = await own(['sign', text], { input: 'pastel-mesh/batch/1:00' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('(ERR_SIGNATURE_TEXT_RESERVED)')
  })

  it('refuses to sign what is no text', async () => {
    const { code, stderr } = await own(['sign'], { input: Buffer.of(0xff) })
    expect(code).toBe(1)
    expect(stderr).toContain('(ERR_TEXT)')
  })

  it.each([
    [
      'a changed letter of the PastelID',
      { pastelId: CORE.pastelId.replace('7s7', '7s8') },
      'ERR_PASTELID_CHECKSUM',
    ],
    ['what is sound, but no PastelID', { pastelId: OTHER_KIND }, 'ERR_PASTELID_PREFIX'],
    ['a cut signature', { signature: CORE.signature.slice(1) }, 'ERR_SIGNATURE_ENCODING'],
    ['another signature', { signature: `a${CORE.signature.slice(1)}` }, 'ERR_SIGNATURE'],
    ['another text', { text: 'other' }, 'ERR_SIGNATURE'],
  ])('verify names %s', async (_what, change, code) => {
    const { pastelId, signature, text } = { ...CORE, ...change }
    const answer = await id(['verify', pastelId, signature, text])
    expect(answer).toMatchObject({ code: 1, stdout: '' })
    expect(answer.stderr).toMatch(new RegExp(`^pmesh: not valid: .*\\(${code}\\)\\n$`))
  })

  it('verify takes what the Pastel core signed, without any data folder', async () => {
    const cwd = await temporaryFolder()
    const { code, stdout } = await id(['verify', CORE.pastelId, CORE.signature, CORE.text, '--json'], { cwd })
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, valid: true, pastelId: CORE.pastelId })
    expect(await readdir(cwd)).toEqual([])
  })
})
