import { copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createLocalSigner, encodeSignature, readKeyFile, writeKeyFile } from '@pastel-mesh/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type EmulatedSupernode,
  type PasteldEmulator,
  startPasteldEmulator,
} from '../src/pasteld-emulator/start-pasteld-emulator.ts'
import { ask, call } from './fixtures/emulated-rpc.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

/** From Pastel's own tests. */
const KNOWN = {
  pastelId: 'jXXfLwrL7s7BQpm1uapzhKirt2HaRAse8Wru8pRLcGLonmZ996xNzAPJBjR6wfVXVzVFWn3NwA79gyAB5BptJ7',
  text: 'my_message_1__hello_friends',
  signature:
    'XUrsiNwSHkgacI1iRcUkC+G82dIkEgVvhzUD1awhICkvqBGUgKho7dAWpwKUhNctRJpayS4F89qAS58urukEYs2l9hPYocK/o6gGlZ3kihkzTf7lYC+dC7VAiShiJmJM85t6GjZ3saA6jxIk/BXgqjgA',
}

let emulator: PasteldEmulator
const core = () => emulator.supernodes[0] as EmulatedSupernode
const other = () => emulator.supernodes[1] as EmulatedSupernode
const localSigner = ({ pastelIdSeed }: EmulatedSupernode) =>
  createLocalSigner(Buffer.from(pastelIdSeed, 'hex'))

beforeAll(async () => {
  emulator = await startPasteldEmulator({ supernodes: 2, latency: 0 })
})
afterAll(() => emulator.stop())

describe('pastelid sign', () => {
  it('gives the Ed448 signature of the text, in 152 characters', async () => {
    const { pastelId, passphrase } = core()
    const text = 'hello, wörld 🌍'
    const signed = await ask(core(), 'pastelid', 'sign', text, pastelId, passphrase, 'ed448')
    expect(signed).toEqual({ signature: encodeSignature(await localSigner(core()).sign(text)) })
    expect(await ask(core(), 'pastelid', 'sign', text, pastelId, passphrase)).toEqual(signed)
  })

  it('sign-base64-encoded signs what the text decodes to', async () => {
    const { pastelId, passphrase } = core()
    const encoded = Buffer.from('hello').toString('base64')
    const signed = await ask(
      core(),
      'pastelid',
      'sign-base64-encoded',
      encoded,
      pastelId,
      passphrase,
      'ed448',
    )
    expect(signed).toEqual({ signature: encodeSignature(await localSigner(core()).sign('hello')) })
    const { signature } = signed as { signature: string }
    const verify = (method: string, text: string) =>
      ask(other(), 'pastelid', method, text, signature, pastelId)
    expect(await verify('verify-base64-encoded', encoded)).toEqual({ verification: 'OK' })
    expect(await verify('verify', 'hello')).toEqual({ verification: 'OK' })
    expect(await verify('verify', encoded)).toEqual({ verification: 'Failed' })
  })

  it.each([
    ['a wrong passphrase', () => [core().pastelId, 'wrong', 'ed448'], -1],
    ['an empty passphrase', () => [core().pastelId, '', 'ed448'], -1],
    ['the key of another core', () => [other().pastelId, other().passphrase, 'ed448'], -1],
    ['no PastelID', () => ['../../pastel.conf', 'x', 'ed448'], -1],
    ['another algorithm', () => [core().pastelId, core().passphrase, 'legroast'], -1],
    ['no passphrase', () => [core().pastelId], -8],
    ['a number', () => [7, core().passphrase], -1],
  ])('%s is an error', async (_what, params, code) => {
    const { status, json, text } = await call(core(), 'pastelid', ['sign', 'text', ...params()])
    expect([status, json.error?.code]).toEqual([500, code])
    expect(text).not.toContain(core().passphrase)
  })
})

describe('pastelid verify', () => {
  const verify = (text: string, signature: string, pastelId: string) =>
    ask(core(), 'pastelid', 'verify', text, signature, pastelId, 'ed448')

  it('says OK of what Pastel itself signed', async () => {
    expect(await verify(KNOWN.text, KNOWN.signature, KNOWN.pastelId)).toEqual({ verification: 'OK' })
  })

  it.each([
    ['another text', { ...KNOWN, text: 'x' }],
    ['a PastelID with a wrong checksum', { ...KNOWN, pastelId: `${KNOWN.pastelId.slice(0, -1)}8` }],
    ['no PastelID', { ...KNOWN, pastelId: 'jX' }],
    ['no signature', { ...KNOWN, signature: '' }],
    ['half a signature', { ...KNOWN, signature: KNOWN.signature.slice(0, 76) }],
  ])('says Failed, and is no error, of %s', async (_what, { text, signature, pastelId }) => {
    expect(await verify(text, signature, pastelId)).toEqual({ verification: 'Failed' })
  })

  it('stops at the first character of a signature that is not base64, and says nothing of it', async () => {
    expect(await verify(KNOWN.text, `${KNOWN.signature}!?`, KNOWN.pastelId)).toEqual({ verification: 'OK' })
    const broken = `${KNOWN.signature.slice(0, 76)}!${KNOWN.signature.slice(76)}`
    expect(await verify(KNOWN.text, broken, KNOWN.pastelId)).toEqual({ verification: 'Failed' })
  })
})

describe('keys', () => {
  it('pastelid list has the PastelID, and a post-quantum key of the right shape', async () => {
    const [only, ...more] = (await ask(other(), 'pastelid', 'list')) as {
      PastelID: string
      legRoastKey: string
    }[]
    expect(more).toEqual([])
    expect(only?.PastelID).toBe(other().pastelId)
    expect(only?.legRoastKey).toMatch(/^[1-9A-HJ-NP-Za-km-z]{5500,5700}$/)
  })

  it('the key file is a secure container of the core, which the passphrase opens', async () => {
    const path = await core().writeKeyFile()
    expect(path).toBe(core().keyFilePath)
    expect(basename(path)).toBe(core().pastelId)
    const seed = await readKeyFile(path, core().passphrase)
    expect(Buffer.from(seed).toString('hex')).toBe(core().pastelIdSeed)
    expect(await core().writeKeyFile()).toBe(path)
  })

  it('a key file that is put there is used, with its passphrase only', async () => {
    const stranger = localSigner({ ...core(), pastelIdSeed: '07'.repeat(57) })
    const made = join(await temporaryFolder(), stranger.pastelId)
    await writeKeyFile(made, Buffer.from('07'.repeat(57), 'hex'), 'of the stranger')
    await copyFile(made, join(core().keyFilePath, '..', stranger.pastelId))
    const ids = (await ask(core(), 'pastelid', 'list')) as { PastelID: string }[]
    expect(ids.map(({ PastelID }) => PastelID)).toContain(stranger.pastelId)
    const signed = await ask(core(), 'pastelid', 'sign', 'x', stranger.pastelId, 'of the stranger', 'ed448')
    expect(signed).toEqual({ signature: encodeSignature(await stranger.sign('x')) })
    const { json } = await call(core(), 'pastelid', ['sign', 'x', stranger.pastelId, 'wrong', 'ed448'])
    expect(json.error).toEqual({ code: -1, message: 'Failed to validate passphrase!' })
  })
})
