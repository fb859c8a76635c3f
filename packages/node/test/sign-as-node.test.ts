import { createLocalSigner, generateSeed, MeshError } from '@pastel-mesh/identity'
import type { PasteldClient } from '@pastel-mesh/pasteld'
import { expect, it } from 'vitest'
import { openCoreKey } from '../src/pasteld/core-key.ts'
import { signAsNode } from '../src/pasteld/sign-as-node.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const WRONG = new MeshError('ERR_KEY_FILE_PASSPHRASE', 'wrong')

it('signs for who knows the passphrase of the key file, which is opened once and by one at a time', async () => {
  const signer = createLocalSigner(generateSeed())
  let opening = 0
  const most: number[] = []
  const openKey = async (_: unknown, passphrase: string) => {
    most.push(++opening)
    await temporaryFolder()
    opening -= 1
    if (passphrase !== 'right') throw WRONG
    return signer
  }
  const sign = signAsNode({ signer, openKey, client: undefined })
  const asked = ['wrong', 'right', 'right', 'other'].map((passphrase) => sign('text', passphrase, {}))
  const answers = await Promise.allSettled(asked)
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'rejected'])
  expect(answers[0]).toMatchObject({ reason: { code: 'ERR_KEY_FILE_PASSPHRASE' } })
  expect(most).toEqual([1, 1, 1])
  await expect(sign('text', 'wrong', {})).rejects.toBe(WRONG)
})

it('has the core sign with the passphrase that was given, and says that it is wrong as of a key file', async () => {
  const signer = createLocalSigner(generateSeed())
  const used: string[] = []
  const client = {
    async sign(text: string, _: string, passphrase: string) {
      used.push(passphrase)
      if (passphrase !== 'right') throw new MeshError('ERR_PASTELD_PASSPHRASE', 'wrong')
      return await signer.sign(text)
    },
  } as unknown as PasteldClient
  const openKey = () => expect.unreachable('there is no key file')
  const sign = signAsNode({ signer, openKey, client })
  expect(await sign('text', 'right', {})).toHaveLength(114)
  await expect(sign('text', 'wrong', {})).rejects.toMatchObject({ code: 'ERR_KEY_FILE_PASSPHRASE' })
  expect(used).toEqual(['right', 'wrong'])
})

it('the passphrase of a key in the core is of a file or of the terminal, and of no variable', async () => {
  const { pastelId, sign } = createLocalSigner(generateSeed())
  const used: string[] = []
  const client = {
    sign(text: string, _: string, passphrase: string) {
      used.push(passphrase)
      return sign(text)
    },
  } as unknown as PasteldClient
  process.env.PMESH_PASSPHRASE = 'of a variable'
  try {
    const asked: string[] = []
    const prompt = async (question: string) => {
      asked.push(question)
      return 'typed'
    }
    await (await openCoreKey({ pastelId, prompt }, client)).sign('text')
    expect({ used, asked }).toEqual({
      used: ['typed'],
      asked: [`Passphrase of ${pastelId} in the Pastel core: `],
    })
    await expect(openCoreKey({ pastelId }, client)).rejects.toMatchObject({
      code: 'ERR_PASSPHRASE_MISSING',
      message: expect.stringContaining('pasteld.passphraseFile'),
    })
  } finally {
    delete process.env.PMESH_PASSPHRASE
  }
})
