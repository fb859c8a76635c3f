import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openServer } from '../../sdk-server/test/fixtures/open-server.ts'
import type { Asked, Doings, Told } from './fixtures/outside/parent.ts'
import { admin, operator, wallet } from './fixtures/outside/people.ts'

const ROLES = { admins: [admin.pastelId], operators: [operator.pastelId], viewers: [wallet.address] }

/** Runs a program in a process of its own, and does what it asks for. @returns what it tells */
async function runOutside(
  name: string,
  url: string,
  doings: Partial<Doings> = {},
): Promise<Told['outcomes']> {
  const path = fileURLToPath(new URL(`fixtures/outside/${name}.ts`, import.meta.url))
  const program = fork(path, [url], { execArgv: ['--conditions=source'] })
  onTestFinished(() => void program.kill('SIGKILL'))
  const { promise, resolve, reject } = Promise.withResolvers<Told['outcomes']>()
  program.on('message', async (message: Asked | Told) => {
    if ('outcomes' in message) resolve(message.outcomes)
    else if (message.ask === 'pass') program.send(String(doings.pass?.(message.ms)))
    else program.send((await doings.copyLogins?.()) ?? '')
  })
  program.once('exit', (code) => reject(new Error(`the program ended with ${code} and told nothing`)))
  return promise
}

test('a program of its own logs in, publishes, sends, reads and subscribes', async () => {
  const { server } = await openServer({ http: {}, roles: ROLES })
  expect(await runOutside('uses', server.url ?? '')).toEqual({
    'logs in with a PastelID': { kind: 'pastelid', subject: admin.pastelId, role: 'admin' },
    'logs in with a wallet': { kind: 'wallet', subject: wallet.address, role: 'viewer' },
    'shows a service key': ['read', 'send'],
    publishes: 2,
    lists: [
      [true, true],
      [true, true],
    ],
    'gets one': { usd: 1.25 },
    subscribes: [{ usd: 1.25 }, 'over', 'live'],
    'sends, and learns of the delivery': 'delivered',
    'reads the inbox': ['sealed'],
    'logs out, and in again': 'admin',
  })
})

test('a program of its own is refused what it may not, with the code for it', async () => {
  let aheadMs = 0
  const now = () => Date.now() + aheadMs
  // What a session may call at once is more than the program needs for anything but abuse.
  const { server, store } = await openServer({
    http: {},
    roles: ROLES,
    callRate: { perSecond: 1, burst: 100 },
    now,
  })
  const other = await openServer({ http: {}, roles: ROLES, now })
  const outcomes = await runOutside('abuses', server.url ?? '', {
    pass: (ms) => {
      aheadMs += ms
    },
    async copyLogins() {
      for await (const [name, value] of store.values.read('auth/')) {
        await other.store.values.write([{ name, value }])
      }
      return (await other.restart()).url ?? ''
    },
  })
  expect(outcomes).toEqual({
    'nobody publishes': '401 ERR_NOT_LOGGED_IN',
    'a stranger logs in': '403 ERR_NO_ACCESS',
    'a viewer publishes': '403 ERR_FORBIDDEN',
    'an operator makes a service key': '403 ERR_FORBIDDEN',
    'a key that reads publishes': '403 ERR_FORBIDDEN',
    'a key that sends subscribes': '403 ERR_FORBIDDEN',
    'a challenge comes again': '401 ERR_LOGIN',
    'a challenge is signed by another': '401 ERR_LOGIN',
    'a challenge is for another address': '400 ERR_HOST',
    'a refresh token comes again': '401 ERR_TOKEN',
    'a token comes after its logout': '401 ERR_TOKEN',
    'a key comes after it was revoked': '401 ERR_TOKEN',
    'a token comes to the node that it is for': 'admin',
    'a token comes to another node': '401 ERR_TOKEN',
    'a token comes in an address': '400 ERR_TOKEN_IN_URL',
    'a page sends a form': '415 ERR_CONTENT_TYPE',
    'a page sends a file': '415 ERR_CONTENT_TYPE',
    'a page has led its own name here': '421 ERR_HOST',
    'a body has nine megabytes': '413 ERR_TOO_LARGE',
    'JSON is forty levels deep': '400 ERR_TOO_DEEP',
    'a request has twenty-one calls': '400 BAD_REQUEST',
    'a session makes more calls than it may, twenty in each request': '429 ERR_RATE_LIMIT',
    'a token has expired': '401 ERR_TOKEN',
    'who has logged in goes on': 'admin',
    'wrong signatures are tried, until': expect.stringMatching(
      /^429 ERR_RATE_LIMIT: too many attempts to log in failed/,
    ),
    'and then the right one': '429 ERR_RATE_LIMIT',
  })
})
