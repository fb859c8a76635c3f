import {
  createLocalSigner,
  decodePastelId,
  generateSeed,
  MeshError,
  verifySignature,
} from '@pastel-mesh/identity'
import { PartlySentError } from '@pastel-mesh/sdk-node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { apiOf } from './fixtures/api.ts'
import {
  call,
  directoryOf,
  PASSPHRASE,
  type PastelRequest,
  type PastelServer,
  pastelServer,
  supernodeOf,
} from './fixtures/pastel-server.ts'

const hello = (server: PastelServer, changed: object = {}) => ({
  message: 'hello, wörld',
  message_type: 'greeting',
  receiving_sn_pastelid: server.node.pastelId,
  pastelid_passphrase: PASSPHRASE,
  ...changed,
})

async function pair() {
  const one = await pastelServer()
  const other = await pastelServer({ bootstrap: one.node.addresses() }, one.supernodes)
  return { one, other }
}

test('a message is signed with the key that the passphrase opens, arrives, and is listed at both ends with all fields', async () => {
  const { one, other } = await pair()
  const sent = await call(one.url, '/send_message', { method: 'POST', query: hello(other) })
  expect(sent).toMatchObject({ status: 200, body: { status: 'success' } })
  expect(sent.body.recipients).toEqual([
    {
      pastelid: other.node.pastelId,
      id: expect.any(String),
      status: expect.stringMatching(/^(accepted|waiting)/),
    },
  ])
  const list = async ({ url }: PastelServer) => (await call(url, '/get_messages')).body
  await waitUntil(async () => (await list(other)).length === 1, { what: 'the message to arrive' })
  const [message] = await list(other)
  expect(message).toEqual({
    message: 'hello, wörld',
    message_type: 'greeting',
    sending_sn_pastelid: one.node.pastelId,
    receiving_sn_pastelid: other.node.pastelId,
    sending_sn_txid_vout: one.supernodes[0]?.outpoint,
    receiving_sn_txid_vout: one.supernodes[1]?.outpoint,
    message_body: expect.any(String),
    signature: expect.stringMatching(/^[A-Za-z0-9+/]{152}$/),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
    id: expect.any(String),
  })
  expect(JSON.parse(message.message_body)).toEqual({
    message: 'hello, wörld',
    message_type: 'greeting',
    signature: message.signature,
    sending_sn_pubkey: one.supernodes[0]?.publicKey,
  })
  expect(sent.body.message).toBe(`Message sent: ${message.message_body}`)
  const signature = Buffer.from(message.signature, 'base64')
  expect(await verifySignature(decodePastelId(one.node.pastelId), 'hello, wörld', signature)).toBe(true)
  // What is sealed to another is listed by who sent it, too.
  expect((await list(one)).map(({ message }: { message: string }) => message)).toEqual(['hello, wörld'])
})

test('what is listed is of the minutes and the type that are asked for, the newest first, and `[]` if there is nothing', async () => {
  const server = await pastelServer()
  expect(await call(server.url, '/get_messages')).toMatchObject({ status: 200, body: [] })
  for (const [message, message_type] of [
    ['first', 'greeting'],
    ['second', 'a\ttype\nof their own'],
    ['third', 'greeting'],
  ] as const)
    expect(
      await call(server.url, '/send_message', {
        method: 'POST',
        query: hello(server, { message, message_type }),
      }),
    ).toMatchObject({ status: 200 })
  await server.node.send(server.node.pastelId, { json: { usd: 1 }, type: 'price' })
  const list = async (query: Record<string, string | number>) =>
    (await call(server.url, '/get_messages', { query })).body.map((one: { message: string }) => one.message)
  expect(await list({})).toEqual(['{"usd":1}', 'third', 'second', 'first'])
  expect(await list({ message_type: 'greeting', last_k_minutes: 5 })).toEqual(['third', 'first'])
  expect(await list({ message_type: 'a\ttype\nof their own' })).toEqual(['second'])
  expect(await list({ message_type: 'other' })).toEqual([])
  expect(await list({ limit: 2 })).toEqual(['{"usd":1}', 'third'])
  for (const last_k_minutes of ['0', '-1', '1.5', 'many', '999999999'])
    expect(await call(server.url, '/get_messages', { query: { last_k_minutes } })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['query', 'last_k_minutes'] }] },
    })
})

test('what came by the core alone is listed as from its true sender, with its signature', async () => {
  const server = await pastelServer()
  const sender = createLocalSigner(generateSeed())
  server.supernodes.push(supernodeOf(sender.pastelId, 2))
  const signature = Buffer.from(await sender.sign('by the core')).toString('base64')
  await server.node.bringIn({
    ...{ sender: sender.pastelId, via: 'pasteld' },
    message: { text: 'by the core', type: 'news', headers: { 'pastel-signature': signature } },
  })
  expect((await call(server.url, '/get_messages')).body).toMatchObject([
    {
      message: 'by the core',
      message_type: 'news',
      signature,
      sending_sn_pastelid: sender.pastelId,
      sending_sn_txid_vout: server.supernodes[1]?.outpoint,
      receiving_sn_pastelid: server.node.pastelId,
    },
  ])
})

test('what is sent is taken from the query, a JSON body, or a form, and the passphrase from a header as well', async () => {
  const server = await pastelServer()
  const { pastelid_passphrase, ...rest } = hello(server)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const requests: PastelRequest[] = [
    { method: 'POST', query: hello(server) },
    { method: 'POST', query: hello(server), headers: { ...form, 'content-length': '0' } },
    { body: hello(server) },
    { query: rest, body: { pastelid_passphrase } },
    { method: 'POST', query: rest, headers: { 'pastelid-passphrase': PASSPHRASE } },
    { raw: new URLSearchParams(hello(server)).toString(), headers: form },
    { body: hello(server, { message: '€'.repeat(80_000) }) },
  ]
  for (const request of requests)
    expect(await call(server.url, '/send_message', request)).toMatchObject({ status: 200 })
})

test.each([
  ['a wrong passphrase', { pastelid_passphrase: `${PASSPHRASE}, and more` }, 401],
  ['a PastelID whose checksum is wrong', { receiving_sn_pastelid: 'jX'.padEnd(86, 'Y') }, 422],
  [
    'a PastelID that is no supernode',
    { receiving_sn_pastelid: createLocalSigner(generateSeed()).pastelId },
    404,
  ],
  ['a text that only the protocol may sign', { message: 'pastel-mesh/batch/1:00' }, 422],
  ['a type that no header holds', { message_type: 'ü'.repeat(513) }, 422],
  ['a text that is too long', { message: 'x'.repeat(256 * 1024 + 1) }, 422],
])('%s is refused, and nothing is sent', async (_, changed, status) => {
  const server = await pastelServer()
  const answer = await call(server.url, '/send_message', { body: hello(server, changed) })
  expect(answer).toMatchObject({ status, body: { status: 'error' } })
  expect(answer.body.detail).toBeDefined()
  if (status === 422 && 'message' in changed && changed.message.startsWith('pastel-mesh/'))
    expect(answer.body.detail).toContain('pastel-mesh/')
  expect(JSON.stringify(answer.body)).not.toContain(PASSPHRASE)
  expect(server.store.end).toBe(0)
})

test('what is missing is named, and what was sent is not repeated', async () => {
  const server = await pastelServer()
  const { receiving_sn_pastelid: _, ...rest } = hello(server)
  expect(await call(server.url, '/send_message', { method: 'POST', query: rest })).toMatchObject({
    status: 422,
    body: { detail: [{ type: 'missing', loc: ['query', 'receiving_sn_pastelid'], msg: 'Field required' }] },
  })
  const twice = { ...rest, receiving_sn_pastelid: 'x', pastelid_passphrase: [PASSPHRASE, 'other'] }
  for (const request of [
    { method: 'POST', query: twice },
    { body: { ...rest, pastelid_passphrase: { secret: PASSPHRASE } } },
    { raw: `{"pastelid_passphrase": "${PASSPHRASE}"`, headers: { 'content-type': 'application/json' } },
    { raw: PASSPHRASE, headers: { 'content-type': 'text/plain' } },
    { body: [PASSPHRASE] },
  ]) {
    const answer = await call(server.url, '/send_message', request)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.body.detail).toBeDefined()
    expect(JSON.stringify(answer.body)).not.toContain(PASSPHRASE.slice(0, 30))
  }
})

test('a passphrase that is guessed is refused after a while, also if it would be right', async () => {
  const server = await pastelServer()
  const send = (pastelid_passphrase: string) =>
    call(server.url, '/send_message', { body: hello(server, { pastelid_passphrase }) })
  const statuses = new Set<number | undefined>()
  for (let guess = 0; guess < 21; guess += 1) statuses.add((await send(`guess ${guess}`)).status)
  expect(statuses).toEqual(new Set([401, 429]))
  const answer = await send(PASSPHRASE)
  expect(answer.status).toBe(429)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
})

test('whoever knows the passphrase is answered however many ask at once, and guessers keep it from nothing', async () => {
  let trying = 0
  let most = 0
  const tried = Promise.withResolvers<void>()
  const server = await pastelServer({
    pastel: ({ node, signer }) => ({
      directory: directoryOf([supernodeOf(node.pastelId, 1)], () => node.pastelId),
      sign: async (text, passphrase) => {
        trying += 1
        most = Math.max(most, trying)
        await tried.promise
        trying -= 1
        if (passphrase !== PASSPHRASE) throw new MeshError('ERR_KEY_FILE_PASSPHRASE', 'it does not open')
        return signer.sign(text)
      },
    }),
  })
  const send = (pastelid_passphrase: string, message = 'hello') =>
    call(server.url, '/send_message', { body: hello(server, { message, pastelid_passphrase }) })
  const many = (amount: number, passphraseOf: (at: number) => string) =>
    Promise.all(
      Array.from({ length: amount }, async (_, at) => (await send(passphraseOf(at), `${at}`)).status),
    )
  const first = many(100, () => PASSPHRASE)
  await waitUntil(() => server.requests.length === 34, {
    what: 'those to be refused for which there is no room',
  })
  expect(most).toBe(2)
  tried.resolve()
  const answered = await first
  expect(answered.filter((status) => status === 200)).toHaveLength(66)
  expect(answered.filter((status) => status === 429)).toHaveLength(34)
  // Until nothing more is tried, for anybody.
  const guessed = await many(40, (at) => `guess ${at}`)
  expect(new Set(guessed)).toEqual(new Set([401, 429]))
  expect(guessed.filter((status) => status === 401).length).toBeLessThanOrEqual(21)
  expect(await many(30, () => PASSPHRASE)).toEqual(Array(30).fill(200))
  expect((await send('another guess')).status).toBe(429)
})

test('what has the core sign too late says what is wrong with the core, and never the passphrase', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new Error('too late')))
  onTestFinished(() => timeout.mockRestore())
  const server = await pastelServer()
  for (const [problem, cause, told] of [
    ['nothing listens at 127.0.0.1:9932', undefined, 'nothing listens at 127.0.0.1:9932'],
    ['nothing listens', new MeshError('ERR_PASTELD_UNCERTAIN', 'there was no answer'), 'there was no answer'],
    [`it is ${PASSPHRASE}`, undefined, 'could not be signed in time'],
  ] as const) {
    const late = await pastelServer({
      pastel: () => ({
        directory: { ...directoryOf(server.supernodes), problem: { message: problem, sinceMs: 0 } },
        sign: async (_text, _passphrase, { signal }) => {
          throw cause ?? signal?.reason
        },
      }),
    })
    const answer = await call(late.url, '/send_message', { body: hello(server) })
    expect(answer).toMatchObject({ status: 503, body: { detail: expect.stringContaining(told) } })
    expect(JSON.stringify(answer.body)).not.toContain(PASSPHRASE)
  }
})

test('a broadcast goes to all of the list or, if one is unknown, to none; the answer has each recipient', async () => {
  const { one, other } = await pair()
  const { receiving_sn_pastelid: _, ...message } = hello(one)
  const both = [one.node.pastelId, other.node.pastelId]
  const stranger = createLocalSigner(generateSeed()).pastelId
  const broadcast = (list_of_receiving_sn_pastelids: readonly string[] | string) =>
    call(one.url, '/broadcast_message', {
      method: 'POST',
      query: { ...message, list_of_receiving_sn_pastelids },
    })
  const refused = await broadcast([...both, stranger])
  expect(refused).toMatchObject({ status: 404, body: { status: 'error' } })
  expect(refused.body.detail).toContain(stranger)
  expect(one.store.end).toBe(0)
  expect(one.node.waiting()).toEqual([])
  for (const list of [both, both.join(','), JSON.stringify(both), [...both, ...both]]) {
    const { status, body } = await broadcast(list)
    expect({ status, body: body.status }).toEqual({ status: 200, body: 'success' })
    expect(body.recipients.map(({ pastelid }: { pastelid: string }) => pastelid)).toEqual(both)
    expect(body.message).toMatch(/^Message broadcasted: \{/)
  }
  for (const list of ['[', 'x', '[1]', '[]', '']) {
    const { status, body } = await broadcast(list)
    expect(status).toBe(422)
    expect(body.detail[0].loc.slice(0, 2)).toEqual(['query', 'list_of_receiving_sn_pastelids'])
  }
})

test('a broadcast to all goes to the others of the list that are members, and says who is none', async () => {
  const { one, other } = await pair()
  const { receiving_sn_pastelid: _, ...message } = hello(one)
  const outsider = createLocalSigner(generateSeed()).pastelId
  const expired = createLocalSigner(generateSeed()).pastelId
  one.supernodes.push(supernodeOf(outsider, 7), supernodeOf(expired, 8, { status: 'EXPIRED' }))
  const memberAt = one.node.registry.memberAt.bind(one.node.registry)
  Object.assign(one.node.registry, {
    memberAt: (id: never, atMs: number) => (id === outsider ? undefined : memberAt(id, atMs)),
  })
  for (const verbose of ['0', '1', 'true', 'false', 'True', 'FALSE', 'on', 'Off', 'yes', 'NO']) {
    const answer = await call(one.url, '/broadcast_message_to_all_sns', {
      method: 'POST',
      query: { ...message, verbose },
    })
    expect(answer.status).toBe(200)
    expect(answer.body.recipients).toEqual([
      { pastelid: other.node.pastelId, id: expect.any(String), status: expect.stringMatching(/^(acc|wait)/) },
      { pastelid: outsider, status: 'not-a-member' },
    ])
  }
  for (const verbose of ['maybe', '2', 'truely', ''])
    expect(
      await call(one.url, '/broadcast_message_to_all_sns', {
        method: 'POST',
        query: { ...message, verbose },
      }),
    ).toMatchObject({
      status: 422,
      body: {
        detail: [
          { loc: ['query', 'verbose'], msg: expect.stringContaining('true, false, on, off, yes, no') },
        ],
      },
    })
})

test('a broadcast of which only a part was accepted says so of each recipient', async () => {
  const { one, other } = await pair()
  const [own, away] = [one.node.pastelId, other.node.pastelId]
  const sent = [{ recipient: own, id: 'the-one', state: 'accepted' as const }]
  Object.assign(one.node, {
    send: async () => {
      throw new PartlySentError(sent, 2, new Error('the disk'))
    },
  })
  const { receiving_sn_pastelid: _, ...message } = hello(one)
  expect(
    await call(one.url, '/broadcast_message', {
      body: { ...message, list_of_receiving_sn_pastelids: [own, away] },
    }),
  ).toMatchObject({
    status: 503,
    body: {
      status: 'error',
      detail: expect.stringContaining('only a part was accepted'),
      recipients: [
        { pastelid: own, id: 'the-one', status: 'accepted' },
        { pastelid: away, status: 'failed' },
      ],
    },
  })
})

test('nothing is sent when the list of supernodes was never read, the signer fails, or the node is drained', async () => {
  const problem = { message: 'nothing listens at 127.0.0.1:9932', sinceMs: 0 }
  const unread = await pastelServer({
    pastel: () => ({
      directory: { ...directoryOf([]), readAtMs: undefined, problem },
      sign: async () => new Uint8Array(),
    }),
  })
  for (const path of ['/supernode_list_json', '/supernode_list_csv', '/get_local_machine_sn_info'])
    expect(await call(unread.url, path)).toMatchObject({
      status: 503,
      body: { detail: expect.stringContaining('nothing listens') },
    })
  expect(await call(unread.url, '/send_message', { body: hello(unread) })).toMatchObject({ status: 503 })

  const server = await pastelServer()
  for (const sign of [
    async () => {
      throw new Error(`wrong: ${PASSPHRASE}`)
    },
    async () => new Uint8Array(114),
  ]) {
    const failing = await pastelServer({
      pastel: () => ({ directory: directoryOf(server.supernodes), sign }),
    })
    const answer = await call(failing.url, '/send_message', { body: hello(server) })
    expect(answer).toMatchObject({ status: 500, body: { status: 'error' } })
    expect(failing.errors).toHaveLength(1)
    const told = `${JSON.stringify(answer.body)} ${failing.errors[0]} ${failing.errors[0]?.cause}`
    expect(told).not.toContain(PASSPHRASE)
    expect(failing.store.end).toBe(0)
  }

  await apiOf(server.path).admin.drain.mutate()
  expect(await call(server.url, '/send_message', { body: hello(server) })).toMatchObject({ status: 503 })
  expect(await call(server.url, '/send_message')).toMatchObject({
    status: 405,
    headers: { allow: 'POST' },
    body: { detail: 'Method Not Allowed' },
  })
})
