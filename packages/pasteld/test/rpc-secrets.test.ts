import { inspect } from 'node:util'
import { parsePastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { PASSPHRASE_PREFIX } from '../../testkit/src/secrets.ts'
import type { PasteldClient } from '../src/index.ts'
import { clientOf } from './fixtures/client.ts'
import { type CoreAnswer, startCore } from './fixtures/scripted-core.ts'
import { PASTEL } from './fixtures/vectors.ts'

const PASSPHRASE = `${PASSPHRASE_PREFIX}correct "horse"\nbattery`
const PRIVATE_KEY = '7sMvJr3pQqPrivateKeyOfTheNode'
const pastelId = parsePastelId(PASTEL.pastelId)

/** Everything that a log could show of a value. */
function shown(value: unknown): string {
  const error = value as Error
  const parts = [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    String(value),
    JSON.stringify(value),
  ]
  return [...parts, error.stack, inspect(error.cause, { depth: 20, showHidden: true })].join('\n')
}

const SECRETS = [
  PASSPHRASE,
  JSON.stringify(PASSPHRASE).slice(1, -1),
  'horse',
  PRIVATE_KEY,
  'rpc-password',
  Buffer.from('user:rpc-password').toString('base64'),
]

/** Ways in which a core, or what is in its place, could give a secret back. */
const listConf = JSON.stringify({
  masternode: { alias: 'mn1', privateKey: PRIVATE_KEY, passPhrase: PASSPHRASE },
})
const LEAKS: readonly [string, CoreAnswer][] = [
  [
    'an error that quotes it',
    { error: { code: -1, message: `the passphrase ${PASSPHRASE} does not open it` } },
  ],
  [
    'an error that quotes it as JSON',
    { error: { code: -8, message: `params: [${JSON.stringify(PASSPHRASE)}]` } },
  ],
  ['warming up, with a quotation', { error: { code: -28, message: PASSPHRASE } }],
  ['JSON that is cut off', { status: 200, body: listConf.slice(0, -1), type: 'application/json' }],
  ['JSON of another shape', { status: 200, body: listConf, type: 'application/json' }],
  ['a result of another shape', { result: [PRIVATE_KEY, PASSPHRASE] }],
  ['keys of another shape', { result: { [PRIVATE_KEY]: { [PASSPHRASE]: 1 } } }],
  ['bytes that are no HTTP', { raw: `${PRIVATE_KEY}\r\n${PASSPHRASE}\r\n\r\n` }],
  ['a page', { status: 502, body: `${PRIVATE_KEY} ${PASSPHRASE}` }],
  ['a refusal', { status: 401, body: PASSPHRASE }],
  ['silence', 'silence'],
  ['a reset', 'reset'],
]

const CALLS: readonly [string, (client: PasteldClient) => Promise<unknown>][] = [
  ['pastelid sign', (client) => client.sign('text', pastelId, PASSPHRASE)],
  ['pastelid newkey', (client) => client.call('pastelid', ['newkey', PASSPHRASE])],
  ['pastelid passwd', (client) => client.call('pastelid', ['passwd', pastelId, 'old', PASSPHRASE])],
  ['walletpassphrase', (client) => client.call('walletpassphrase', [PASSPHRASE, 60])],
]

test.each(LEAKS)('%s shows neither a passphrase nor a private key', async (_, answer) => {
  const client = clientOf(await startCore(() => answer), { timeoutMs: 150 })
  for (const [name, make] of CALLS) {
    const value = await make(client).catch((caught: Error) => caught)
    // A result that the caller asked for as it is, is the caller's.
    if (!(value instanceof Error)) continue
    for (const secret of SECRETS) expect(shown(value), name).not.toContain(secret)
  }
})

test('the private key of the node is in no error of the call that lists it', async () => {
  const answers = LEAKS.map(([, answer]) => answer).filter(
    (answer) => typeof answer === 'string' || !('error' in answer),
  )
  for (const answer of answers) {
    const client = clientOf(await startCore(() => answer), { timeoutMs: 150 })
    const value = await client.call('masternode', ['list-conf']).catch((caught: Error) => caught)
    if (value instanceof Error) for (const secret of SECRETS) expect(shown(value)).not.toContain(secret)
  }
  const whole = clientOf(await startCore(() => ({ result: JSON.parse(listConf) })))
  expect(await whole.call('masternode', ['list-conf'])).toEqual(JSON.parse(listConf))
})

test('a client shows no password', async () => {
  const client = clientOf(await startCore(() => ({ result: 7 })))
  await client.blockCount()
  for (const secret of SECRETS) expect(shown(client)).not.toContain(secret)
})

test('what the core says is told where it repeats no secret, in one line', async () => {
  const message = 'Failed to open the key of\n\u001b[31mjX…'
  const core = await startCore(() => ({ error: { code: -1, message } }))
  await expect(clientOf(core).sign('text', pastelId, PASSPHRASE)).rejects.toMatchObject({
    rpcMessage: 'Failed to open the key of [31mjX…',
    message: expect.stringContaining('pastelid sign: Failed to open'),
  })
})
