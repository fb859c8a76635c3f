import type { PastelId } from '@pastel-mesh/identity'
import { closestSupernodes } from '@pastel-mesh/pasteld'
import { expect, test } from 'vitest'
import { waitUntil } from '../../testkit/src/mesh/wait-until.ts'
import { ForwardedMessages } from '../src/pastel/forwarded-messages.ts'
import { call, type PastelServer, pastelServer, supernodeOf } from './fixtures/pastel-server.ts'
import { PastelUser, type SignatureForm } from './fixtures/pastel-user.ts'

/** Four nodes that know each other; who gets a message is close to three of them. */
async function four() {
  const first = await pastelServer()
  const { supernodes } = first
  const bootstrap = first.node.addresses()
  const servers = [first]
  while (servers.length < 4) servers.push(await pastelServer({ bootstrap }, supernodes))
  const split = (to: PastelId) => {
    const closest = closestSupernodes(to, supernodes, 3).map(({ pastelId }) => pastelId)
    const isClose = ({ node }: PastelServer) => closest.includes(node.pastelId)
    return {
      keepers: servers.filter(isClose),
      others: servers.filter((server) => !isClose(server)),
    }
  }
  return { servers, split }
}

const textsOf = (answer: { body: { message_body: string }[] }) =>
  answer.body.map(({ message_body }) => message_body)

test('a message is kept by the three supernodes closest to its recipient, under one number, wherever it was given', async () => {
  const { split } = await four()
  const [sender, recipient] = [new PastelUser(), new PastelUser()]
  const { keepers, others } = split(recipient.pastelId)
  // As clients do: to all three.
  const answers = await Promise.all(keepers.map((one) => sender.send(one, recipient.pastelId, 'grüße')))
  for (const [at, { status, body }] of answers.entries()) {
    expect(status).toBe(200)
    expect(body).toEqual({
      message: 'grüße',
      message_type: 'user_message',
      sending_sn_pastelid: keepers[at]?.node.pastelId,
      timestamp: expect.stringMatching(/^\d{4}-.*\.\d{6}$/),
      id: answers[0]?.body.id,
      user_message: {
        ...(await sender.messageTo(recipient.pastelId, 'grüße')),
        id: answers[0]?.body.id,
        timestamp: body.timestamp,
      },
      supernodes: [keepers[at]?.node.pastelId],
    })
    expect(Number.isSafeInteger(body.id)).toBe(true)
  }
  // Past those three as well: it is sent on to each of them, and is the same message there.
  const [away] = others as [PastelServer]
  const passedOn = await sender.send(away, recipient.pastelId, 'passed on')
  expect(passedOn).toMatchObject({ status: 200 })
  expect([...passedOn.body.supernodes].sort()).toEqual(keepers.map(({ node }) => node.pastelId).sort())
  for (const keeper of keepers) {
    await waitUntil(async () => (await recipient.read(keeper)).body.length === 2, {
      what: 'the message to arrive',
    })
    const { body } = await recipient.read(keeper)
    expect(textsOf({ body })).toEqual(['passed on', 'grüße'])
    expect(body.map(({ id }: { id: number }) => id)).toEqual([passedOn.body.id, answers[0]?.body.id])
    // Whoever wrote them reads them as well, and nobody else does.
    expect(textsOf(await sender.read(keeper))).toEqual(['passed on', 'grüße'])
    expect((await new PastelUser().read(keeper)).body).toEqual([])
  }
  expect((await recipient.read(away)).body).toEqual([])
})

test.each<SignatureForm>(['text', 'base64'])(
  'challenges and messages may be signed over the %s',
  async (form) => {
    const server = await pastelServer()
    const [sender, recipient] = [new PastelUser(form), new PastelUser(form)]
    expect((await sender.send(server, recipient.pastelId, 'grüße')).status).toBe(200)
    expect(textsOf(await recipient.read(server))).toEqual(['grüße'])
  },
)

test('a challenge is good for one PastelID, one attempt and 300 seconds', async () => {
  let nowMs = Date.now()
  const server = await pastelServer({ now: () => nowMs })
  const [user, other] = [new PastelUser(), new PastelUser()]
  const read = (shown: object, pastelid = user.pastelId) =>
    call(server.url, '/get_user_messages', { query: { pastelid, ...shown } })
  const used = await user.prove(server)
  expect(await read(used)).toMatchObject({ status: 200, body: [] })
  expect(await read(used)).toMatchObject({
    status: 401,
    body: { detail: expect.stringContaining('request') },
  })
  expect((await read(await user.prove(server), other.pastelId)).status).toBe(401)
  const failed = await user.prove(server)
  const challenge_signature = await other.sign(failed.challenge)
  expect((await read({ ...failed, challenge_signature })).status).toBe(401)
  expect((await read(failed)).status).toBe(401)
  for (const changed of [
    { challenge: 'another' },
    { challenge_id: 'another' },
    { challenge_signature: 'AAAA' },
    { challenge_signature: 'A'.repeat(152) },
  ])
    expect((await read({ ...(await user.prove(server)), ...changed })).status).toBe(401)
  const late = await user.prove(server)
  const inTime = await user.prove(server)
  nowMs += 299_999
  expect((await read(inTime)).status).toBe(200)
  nowMs += 1
  expect((await read(late)).status).toBe(401)
})

test('many challenges of one address are good at once; those that fail are slowed down', async () => {
  const server = await pastelServer()
  const user = new PastelUser()
  const read = async (shown: object) =>
    (await call(server.url, '/get_user_messages', { query: { pastelid: user.pastelId, ...shown } })).status
  const proofs = await Promise.all(Array.from({ length: 60 }, () => user.prove(server)))
  expect(new Set(await Promise.all(proofs.map(read)))).toEqual(new Set([200]))
  const statuses = []
  for (const proof of proofs.slice(0, 22)) statuses.push(await read(proof))
  expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401))
  expect(statuses.at(-1)).toBe(429)
})

test('only a PastelID with a right checksum gets a challenge', async () => {
  const server = await pastelServer()
  const { pastelId } = new PastelUser()
  const swapped = pastelId.replace(/^(.{40})(.)(.*)(.)$/, (_, start, one, middle, last) =>
    one === last ? `${start}${one === '2' ? '3' : '2'}${middle}${last}` : `${start}${last}${middle}${one}`,
  )
  for (const wrong of [swapped, pastelId.slice(1), 'x', `${pastelId}a`, '%00'])
    expect(await call(server.url, `/request_challenge/${wrong}`)).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['path', 'pastelid'], msg: expect.stringContaining('PastelID') }] },
    })
})

test('what is not signed by its author is not taken, and of what a member sends nothing is shown', async () => {
  const server = await pastelServer()
  const other = await pastelServer({ bootstrap: server.node.addresses() }, server.supernodes)
  const [sender, recipient, stranger] = [new PastelUser(), new PastelUser(), new PastelUser()]
  const good = await sender.messageTo(recipient.pastelId, 'good')
  const forged = { ...good, message_signature: await stranger.sign('good') }
  for (const [user_message, status] of [
    [forged, 422],
    [{ ...good, message_body: 'other' }, 422],
    [{ ...good, to_pastelid: 'jX' }, 422],
    [{ ...good, message_body: '' }, 422],
    [undefined, 422],
    [{ ...good, from_pastelid: stranger.pastelId }, 401],
  ] as const)
    expect(
      await call(server.url, '/send_user_message', {
        body: { user_message, ...(await sender.prove(server)) },
      }),
    ).toMatchObject({ status, body: { detail: expect.anything() } })
  expect((await recipient.read(server)).body).toEqual([])
  // A member, which can send what it likes.
  const type = 'pastel-user-message'
  await other.node.send(server.node.pastelId, { type, json: forged })
  await other.node.send(server.node.pastelId, { type, json: { ...good, message_body: 'made up' } })
  await other.node.send(server.node.pastelId, { type, json: { message_body: 1 } })
  await other.node.send(server.node.pastelId, { type, text: 'no JSON' })
  await other.node.send(server.node.pastelId, { type, json: good })
  await waitUntil(async () => (await recipient.read(server)).body.length > 0, { what: 'the good one' })
  expect((await recipient.read(server)).body).toMatchObject([good])
  expect(textsOf(await stranger.read(server))).toEqual([])
})

test('a request that is made again makes no second message, also after a restart; a page is bounded', async () => {
  const server = await pastelServer()
  const [sender, recipient] = [new PastelUser(), new PastelUser()]
  const texts = ['1', '2', '3', '2', '3']
  const ids = []
  for (const text of texts) ids.push((await sender.send(server, recipient.pastelId, text)).body.id)
  const [one, two, three] = ids
  expect(ids).toEqual([one, two, three, two, three])
  const at = await Promise.all([1, 2].map(() => sender.send(server, recipient.pastelId, 'at once')))
  expect(at[0]?.body.id).toBe(at[1]?.body.id)
  expect(textsOf(await recipient.read(server))).toEqual(['at once', '3', '2', '1'])
  expect(server.store.end).toBe(4)
  // They are sealed like any direct message, and no program of the machine lists them.
  expect((await call(server.url, '/get_messages')).body).toEqual([])

  const restarted = { url: (await server.restart()).url ?? '' }
  expect((await sender.send(restarted, recipient.pastelId, '3')).body.id).toBe(three)
  expect(textsOf(await recipient.read(restarted))).toEqual(['at once', '3', '2', '1'])
  expect(textsOf(await recipient.read(restarted, { limit: 2 }))).toEqual(['at once', '3'])
  expect(textsOf(await recipient.read(restarted, { before_id: three }))).toEqual(['2', '1'])
  expect(textsOf(await recipient.read(restarted, { before_id: 1 }))).toEqual([])
  expect((await recipient.read(restarted, { limit: 0 })).status).toBe(422)
})

test('what strangers have a node pass on waits only for supernodes that it knows, and a tenth of what may wait is theirs', async () => {
  const server = await pastelServer()
  const { node, supernodes } = server
  while (supernodes.length < 8) supernodes.push(supernodeOf(new PastelUser().pastelId, supernodes.length + 1))
  const names = (to = recipient) => closestSupernodes(to.pastelId, supernodes).map(({ pastelId }) => pastelId)
  let recipient = new PastelUser()
  while (names().includes(node.pastelId)) recipient = new PastelUser()
  const sender = new PastelUser()
  expect(await sender.send(server, recipient.pastelId, 'hello')).toMatchObject({
    status: 503,
    body: { detail: expect.stringContaining('certificate') },
  })
  expect(node.waiting()).toEqual([])
  // All but one of them have shown theirs, and went away.
  const [unknown, ...shown] = names()
  const known = supernodes
    .map(({ pastelId }) => ({ pastelId }))
    .filter(({ pastelId }) => pastelId !== unknown)
  Object.assign(node, { knownNodes: () => known })
  const { status, body } = await sender.send(server, recipient.pastelId, 'hello')
  expect({ status, supernodes: body.supernodes }).toEqual({ status: 200, supernodes: shown })
  expect(node.waiting().map((waiting) => waiting.recipient)).toEqual(shown)
  const full = { outbox: () => ({ usedBytes: 11, maxBytes: 100 }) }
  const { outbox } = node
  Object.assign(node, full)
  expect(await sender.send(server, recipient.pastelId, 'more')).toMatchObject({ status: 429 })
  expect(node.waiting()).toHaveLength(2)

  // One author, and all of them, have their part of it.
  Object.assign(node, { outbox, send: async () => [] })
  for (let count = 1; count < 20; count += 1)
    expect((await sender.send(server, recipient.pastelId, `${count}`)).status).toBe(200)
  expect(await sender.send(server, recipient.pastelId, 'too many')).toMatchObject({ status: 429 })
  expect((await new PastelUser().send(server, recipient.pastelId, 'of another')).status).toBe(200)
})

test('what goes on to other supernodes is bounded for an author, and for all of them, within an hour', () => {
  const forwarded = new ForwardedMessages()
  const full = expect.objectContaining({ code: 'ERR_USER_MESSAGES_FULL' })
  const take = (from: string, to: string, atMs = 0) => forwarded.take(from as PastelId, to as PastelId, atMs)
  for (let count = 0; count < 50; count += 1) take('one', `to ${count}`)
  expect(() => take('one', 'another')).toThrow(full)
  for (let count = 51; count < 500; count += 1) take(`from ${count}`, 'to')
  const takeBack = take('last', 'to', 1)
  expect(() => take('other', 'to')).toThrow(full)
  takeBack()
  take('other', 'to', 1)
  expect(() => take('one', 'to', 3_599_999)).toThrow(full)
  take('one', 'to', 3_600_000)
})

test('where no supernode is near that is a member, nothing is taken', async () => {
  const server = await pastelServer()
  server.supernodes.length = 0
  const [sender, recipient] = [new PastelUser(), new PastelUser()]
  expect(await sender.send(server, recipient.pastelId, 'hello')).toMatchObject({
    status: 503,
    body: { detail: expect.stringContaining('closest') },
  })
})
