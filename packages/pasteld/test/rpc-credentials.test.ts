import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clientOf } from './fixtures/client.ts'
import { type ScriptedCore, startCore } from './fixtures/scripted-core.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`

/** A core with a cookie, which it writes whenever it starts. */
async function coreWithCookie() {
  const cookieFile = join(await temporaryFolder(), '.cookie')
  let cookie = ''
  const core = await startCore(({ authorization }) =>
    authorization === basic(cookie) ? { result: 7 } : { status: 401, body: '' },
  )
  const renew = async (text: string) => {
    cookie = text
    await writeFile(cookieFile, text)
  }
  return { core, cookieFile, renew }
}

const clientWithCookie = (core: ScriptedCore, cookieFile: string) => {
  const client = clientOf(core, { user: undefined, password: undefined, cookieFile } as object)
  return client
}

test('the cookie is read, and read again when the core was started again', async () => {
  const { core, cookieFile, renew } = await coreWithCookie()
  await renew('__cookie__:first')
  const client = clientWithCookie(core, cookieFile)
  expect(await client.blockCount()).toBe(7)
  await renew('__cookie__:second')
  expect(await Promise.all(Array.from({ length: 10 }, () => client.blockCount()))).toEqual(Array(10).fill(7))
  await renew('__cookie__:third')
  await client.sendMessage('04', 'text')
  const refused = core.calls.filter(({ method }) => method === 'masternode')
  expect(refused.map(({ authorization }) => authorization)).toEqual([
    basic('__cookie__:second'),
    basic('__cookie__:third'),
  ])
})

test('a cookie that is not written yet is waited for', async () => {
  const { core, cookieFile, renew } = await coreWithCookie()
  const client = clientWithCookie(core, cookieFile)
  await expect(client.blockCount({ waitForCore: false })).rejects.toMatchObject({
    code: 'ERR_PASTELD_UNREACHABLE',
    message: expect.stringContaining(cookieFile),
  })
  const waiting = client.blockCount()
  await renew('__cookie__:first')
  expect(await waiting).toBe(7)
})

test('credentials that are refused are not tried again', async () => {
  const { core, cookieFile, renew } = await coreWithCookie()
  await renew('__cookie__:first')
  await writeFile(cookieFile, '__cookie__:of another core')
  const cases = [
    { client: clientWithCookie(core, cookieFile), says: cookieFile },
    { client: clientOf(core, { password: 'hunter2' }), says: 'rpcpassword' },
  ]
  for (const { client, says } of cases) {
    core.calls.length = 0
    const error: unknown = await client.sendMessage('04', 'text').catch((caught: Error) => caught)
    expect(error).toMatchObject({ code: 'ERR_PASTELD_AUTH', message: expect.stringContaining(says) })
    expect(core.calls).toHaveLength(1)
  }
})

test('a core that takes no calls from here, and a client without credentials', async () => {
  const core = await startCore(() => ({ status: 403, body: '' }))
  await expect(clientOf(core).blockCount()).rejects.toMatchObject({
    code: 'ERR_PASTELD_AUTH',
    message: expect.stringContaining('rpcallowip'),
  })
  core.calls.length = 0
  const without = clientOf(core, { user: undefined, password: undefined } as object)
  await expect(without.blockCount()).rejects.toMatchObject({ code: 'ERR_PASTELD_AUTH' })
  expect(core.calls).toHaveLength(0)
})
