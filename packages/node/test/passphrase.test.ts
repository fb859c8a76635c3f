import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { dataFolder } from '../src/data-folder.ts'
import { openIdentity } from '../src/open-identity.ts'
import { findNewPassphrase, findPassphrase, givesAgain } from '../src/passphrase.ts'
import { CHEAP_PASSPHRASE, makeCheapIdentity } from './fixtures/cheap-identity.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** Says one after the other. */
function answering(...answers: string[]) {
  const questions: string[] = []
  const prompt = async (question: string) => {
    questions.push(question)
    return answers[questions.length - 1] ?? ''
  }
  return { prompt, questions }
}

it.each([
  ['the terminal', '', ''],
  ['PMESH_PASSPHRASE', '', ''],
  ['PMESH_NEW_PASSPHRASE', '', 'PMESH_PASSPHRASE="$PMESH_NEW_PASSPHRASE" '],
  ['/a/word', '', 'PMESH_PASSPHRASE_FILE=/a/word '],
  ['/a/long word', '', "PMESH_PASSPHRASE_FILE='/a/long word' "],
  ['/a/word', '/a/word', ''],
])(
  'a command finds again what came from %s, where the file of the variable is "%s"',
  (source, named, expected) => {
    vi.stubEnv('PMESH_PASSPHRASE', undefined)
    vi.stubEnv('PMESH_PASSPHRASE_FILE', named)
    expect(givesAgain({ text: 'secret', source })).toBe(expected)
  },
)

describe('the passphrase of the identity', () => {
  it('from the environment is not written down', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    vi.stubEnv('PMESH_PASSPHRASE', ' correct horse ')
    const { pastelId } = await openIdentity(folder)
    expect(await readdir(dataDir)).toEqual(['pastelkeys'])
    // Spaces at its ends count, the end of the line in a file does not.
    vi.unstubAllEnvs()
    await writeFile(folder.passphrase, ' correct horse \r\n')
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })

  it('that is wrong is named by where it comes from, and never shown', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    const path = join(folder.keys, await makeCheapIdentity(dataDir))
    await writeFile(folder.passphrase, 'another\n')
    const refusal = async () => openIdentity(folder).then(String, (error: Error) => error)
    expect(await refusal()).toMatchObject({
      code: 'ERR_KEY_FILE_PASSPHRASE',
      message: expect.stringMatching(
        `^the passphrase does not open the key file ${path} .*; it came from ${folder.passphrase}$`,
      ),
    })
    vi.stubEnv('PMESH_PASSPHRASE', 'a third')
    const { message } = (await refusal()) as Error
    expect(message).toMatch(/; it came from PMESH_PASSPHRASE$/)
    expect(message).not.toContain('a third')
  })

  it('that is nowhere is not replaced by a new one', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    await makeCheapIdentity(dataDir)
    await rm(folder.passphrase)
    await expect(openIdentity(folder)).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_MISSING' })
    expect(await readdir(dataDir)).toEqual(['pastelkeys'])
  })

  it('that is empty is refused, at the first start too', async () => {
    const folder = dataFolder(await temporaryFolder())
    vi.stubEnv('PMESH_PASSPHRASE', '')
    await expect(openIdentity(folder)).rejects.toMatchObject({
      code: 'ERR_PASSPHRASE_EMPTY',
      message: 'the passphrase in PMESH_PASSPHRASE is empty: it protects nothing',
    })
    vi.unstubAllEnvs()
    await writeFile(folder.passphrase, '\n')
    await expect(openIdentity(folder)).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_EMPTY' })
  })

  it('regression: of a first start that ended before the key was written is used by the next', async () => {
    const folder = dataFolder(await temporaryFolder())
    await writeFile(folder.passphrase, 'left behind\n')
    const { pastelId } = await openIdentity(folder)
    vi.stubEnv('PMESH_PASSPHRASE', 'left behind')
    expect((await openIdentity(folder)).pastelId).toBe(pastelId)
  })

  it('is asked for when it is nowhere else', async () => {
    const dataDir = await temporaryFolder()
    const folder = dataFolder(dataDir)
    const pastelId = await makeCheapIdentity(dataDir)
    await rm(folder.passphrase)
    const { prompt, questions } = answering(CHEAP_PASSPHRASE)
    expect((await openIdentity(folder, { prompt })).pastelId).toBe(pastelId)
    expect(questions).toEqual([`Passphrase of the key file ${join(folder.keys, pastelId)}: `])
  })
})

describe('a passphrase', () => {
  it('comes from a named file, the environment, a file that this names, the folder, the terminal: in this order', async () => {
    const folder = await temporaryFolder()
    const [file, named, kept] = ['file', 'named', 'kept'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    for (const path of [file, named, kept]) await writeFile(path, `in ${path}\n`)
    const { prompt } = answering('typed')
    vi.stubEnv('PMESH_PASSPHRASE', 'in the variable')
    vi.stubEnv('PMESH_PASSPHRASE_FILE', named)
    expect(await findPassphrase('x', { file, kept, prompt })).toEqual({ text: `in ${file}`, source: file })
    expect(await findPassphrase('x', { kept, prompt })).toEqual({
      text: 'in the variable',
      source: 'PMESH_PASSPHRASE',
    })
    vi.stubEnv('PMESH_PASSPHRASE', undefined)
    expect(await findPassphrase('x', { kept, prompt })).toEqual({ text: `in ${named}`, source: named })
    vi.stubEnv('PMESH_PASSPHRASE_FILE', '')
    expect(await findPassphrase('x', { kept, prompt })).toEqual({ text: `in ${kept}`, source: kept })
    expect(await findPassphrase('x', { kept: join(folder, 'none'), prompt })).toEqual({
      text: 'typed',
      source: 'the terminal',
    })
  })

  it('in a file that somebody names and that is not there, too long, of two lines or not UTF-8 is refused', async () => {
    const folder = await temporaryFolder()
    const file = join(folder, 'file')
    await expect(findPassphrase('x', { file })).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_FILE' })
    for (const content of [Buffer.alloc(5000, 'x'), Buffer.of(0xff), 'one\ntwo\n', '\none\n']) {
      await writeFile(file, content)
      await expect(findPassphrase('x', { file })).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_FILE' })
    }
    await rm(file)
    await mkdir(file)
    await expect(findPassphrase('x', { file })).rejects.toMatchObject({ code: 'ERR_PASSPHRASE_FILE' })
  })

  it('that is nowhere is to be put into one of the places that the command has', async () => {
    const places = async (sources: Parameters<typeof findPassphrase>[1]) =>
      findPassphrase('x', sources).then(
        () => expect.unreachable(),
        ({ message }: Error) => message.slice(message.indexOf('put it into')),
      )
    expect(await places({ flag: '--passphrase-file' })).toBe(
      'put it into one of PMESH_PASSPHRASE, the file that --passphrase-file names, the file that PMESH_PASSPHRASE_FILE names',
    )
    expect(await places({ kept: '/nowhere/passphrase' })).not.toContain('--passphrase-file')
  })

  it('that is new is asked for twice', async () => {
    const same = answering('new', 'new')
    expect(await findNewPassphrase('it', { prompt: same.prompt })).toMatchObject({ text: 'new' })
    expect(same.questions).toEqual(['New passphrase of it: ', 'The same once more: '])
    await expect(findNewPassphrase('it', answering('new', 'old'))).rejects.toMatchObject({
      code: 'ERR_PASSPHRASE_DIFFERS',
    })
    await expect(findNewPassphrase('it', answering('', ''))).rejects.toMatchObject({
      code: 'ERR_PASSPHRASE_EMPTY',
    })
  })

  it('that nobody wants to choose is made and kept', async () => {
    const path = join(await temporaryFolder(), 'passphrase')
    const made = await findNewPassphrase('it', answering(''), path)
    expect(made.text).toHaveLength(32)
    expect(await findPassphrase('it', { kept: path })).toEqual({ text: made.text, source: path })
  })
})
