import { parsePastelId } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { clientOf } from './fixtures/client.ts'
import { type CoreCall, startCore } from './fixtures/scripted-core.ts'
import { EXTRA, FULL_LINE, OUTPOINTS, PASTEL } from './fixtures/vectors.ts'

const pastelId = parsePastelId(PASTEL.pastelId)
const [{ text, signature }] = PASTEL.signed
const [first, second] = OUTPOINTS

/** What the core answers to each call, after Pastel's own documentation of them. */
const RESULTS: Readonly<Record<string, unknown>> = {
  'masternode message send': null,
  'masternode message list': [
    { aa01: { From: first, To: second, Timestamp: 1_700_000_000, Message: 'KLUv' } },
    { aa02: { From: second, To: first, Timestamp: 1_700_000_001, Message: '5000' } },
  ],
  'masternode status': {
    outpoint: first,
    service: '203.0.113.5:9933',
    payee: 'Pt1',
    ...EXTRA,
    status: 'Masternode successfully started',
  },
  'masternodelist full': { [first]: FULL_LINE },
  'masternodelist rank': { [first]: 1, [second]: 2 },
  'masternodelist pubkey': { [first]: '04ab' },
  'masternodelist extra': { [first]: EXTRA },
  'masternode top': {
    '800000': [
      {
        rank: '1',
        'IP:port': '203.0.113.5:9933',
        protocol: 170_009,
        outpoint: first,
        payee: 'Pt1',
        lastseen: 3,
        activeseconds: 4,
        ...EXTRA,
      },
    ],
  },
  'pastelid sign': { signature },
  'pastelid verify': { verification: 'OK' },
  'pastelid list': [{ PastelID: PASTEL.pastelId, legRoastKey: 'x' }],
  getblockcount: 800_000,
  getinfo: {
    version: 1,
    protocolversion: 170_009,
    blocks: 800_000,
    connections: 8,
    chain: 'main',
    errors: '',
  },
}

function callName({ method, params }: CoreCall): string {
  const words = params.slice(0, params[0] === 'message' ? 2 : 1)
  return method.startsWith('get') ? method : [method, ...words].join(' ')
}

const core = () => startCore((call) => ({ result: RESULTS[callName(call)] }))

test('each call goes out as the core expects it, and its answer comes back typed', async () => {
  const server = await core()
  const client = clientOf(server)

  await client.sendMessage('04ab', 'zażółć')
  expect(await client.listMessages()).toEqual([
    { id: 'aa01', from: first, to: second, timestamp: 1_700_000_000, text: 'KLUv' },
    { id: 'aa02', from: second, to: first, timestamp: 1_700_000_001, text: '5000' },
  ])
  expect(await client.masternodeStatus()).toMatchObject({ outpoint: first, extKey: EXTRA.extKey })
  expect(await client.listFull()).toEqual(new Map([[first, FULL_LINE]]))
  expect(await client.listRanks()).toEqual(
    new Map([
      [first, 1],
      [second, 2],
    ]),
  )
  expect(await client.listPublicKeys()).toEqual(new Map([[first, '04ab']]))
  expect(await client.listExtra()).toEqual(new Map([[first, EXTRA]]))
  expect(await client.top(800_000)).toEqual([
    {
      rank: 1,
      ipPort: '203.0.113.5:9933',
      protocol: 170_009,
      outpoint: first,
      payee: 'Pt1',
      lastSeen: 3,
      activeSeconds: 4,
      ...EXTRA,
    },
  ])
  expect(Buffer.from(await client.sign(text, pastelId, 'secret')).toString('base64')).toBe(signature)
  expect(await client.verify(text, Buffer.from(signature, 'base64'), pastelId)).toBe(true)
  expect(await client.pastelIds()).toEqual([PASTEL.pastelId])
  expect(await client.blockCount()).toBe(800_000)
  expect(await client.info()).toEqual({
    version: 1,
    protocolVersion: 170_009,
    blocks: 800_000,
    connections: 8,
    chain: 'main',
    errors: '',
  })

  expect(server.calls.map(({ method, params }) => [method, ...params])).toEqual([
    ['masternode', 'message', 'send', '04ab', 'zażółć'],
    ['masternode', 'message', 'list'],
    ['masternode', 'status'],
    ['masternodelist', 'full'],
    ['masternodelist', 'rank'],
    ['masternodelist', 'pubkey'],
    ['masternodelist', 'extra'],
    ['masternode', 'top', 800_000],
    ['pastelid', 'sign', text, PASTEL.pastelId, 'secret', 'ed448'],
    ['pastelid', 'verify', text, signature, PASTEL.pastelId, 'ed448'],
    ['pastelid', 'list'],
    ['getblockcount'],
    ['getinfo'],
  ])
  const basic = `Basic ${Buffer.from('user:rpc-password').toString('base64')}`
  expect(new Set(server.calls.map(({ authorization }) => authorization))).toEqual(new Set([basic]))
})

test('one bad entry of a list does not spoil the rest', async () => {
  const message = { From: first, To: second, Timestamp: 1, Message: 'm' }
  const results: Readonly<Record<string, unknown>> = {
    'masternode message list': [
      null,
      7,
      'x',
      [],
      { 'no hex': message },
      { aa: { ...message, Timestamp: 'soon' } },
      { ab: { From: first } },
      { ac: message },
      { ad: { ...message, Message: '' } },
    ],
    'masternodelist full': { a: 5, b: null, c: FULL_LINE },
    'masternodelist rank': { a: '1', b: 1.5, c: 3 },
    'masternodelist pubkey': { a: {}, c: '04' },
    'masternodelist extra': { a: null, b: 'x', c: { extKey: 5, eligibleForMining: 'yes' }, d: EXTRA },
    'masternode top': { '1': [null, {}, { rank: 'x', outpoint: 'a' }, { rank: 2, outpoint: 'b' }] },
    'pastelid list': [null, {}, { PastelID: 'jXwrong' }, { PastelID: PASTEL.pastelId }],
  }
  const client = clientOf(await startCore((call) => ({ result: results[callName(call)] })))

  expect((await client.listMessages()).map(({ id }) => id)).toEqual(['ac', 'ad'])
  expect([...(await client.listFull()).keys()]).toEqual(['c'])
  expect([...(await client.listRanks())]).toEqual([['c', 3]])
  expect([...(await client.listPublicKeys())]).toEqual([['c', '04']])
  const nothing = { extAddress: '', extP2P: '', extKey: '', extCfg: '', eligibleForMining: false }
  expect([...(await client.listExtra())]).toEqual([
    ['c', nothing],
    ['d', EXTRA],
  ])
  expect((await client.top()).map(({ outpoint }) => outpoint)).toEqual(['b'])
  expect(await client.pastelIds()).toEqual([PASTEL.pastelId])
})

test('an answer of another shape is an error that says where, and not what', async () => {
  const client = clientOf(await startCore(() => ({ result: { secretive: 'hunter2' } })))
  const calls = [
    client.listMessages(),
    client.masternodeStatus(),
    client.sign('a', pastelId, 'p'),
    client.verify('a', new Uint8Array(114), pastelId),
    client.pastelIds(),
    client.blockCount(),
    client.info(),
  ]
  for (const call of calls) {
    const error = await call.catch((caught: Error) => caught)
    expect(error).toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
    expect(String(error)).not.toContain('hunter2')
  }
  const lists = clientOf(await startCore(() => ({ result: 'Unknown command' })))
  await expect(lists.listFull()).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
  await expect(lists.top()).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
})

test('a signature that is none, and a verification that failed', async () => {
  const bad = clientOf(await startCore(() => ({ result: { signature: 'AAAA' } })))
  await expect(bad.sign('a', pastelId, 'p')).rejects.toMatchObject({ code: 'ERR_PASTELD_ANSWER' })
  const failed = clientOf(await startCore(() => ({ result: { verification: 'Failed' } })))
  expect(await failed.verify('a', new Uint8Array(114), pastelId)).toBe(false)
})

test('ids of messages have one form, however they are written', async () => {
  const fields = { From: 'a', To: 'b', Timestamp: 1, Message: 'x' }
  const client = clientOf(await startCore(() => ({ result: [{ AB01: fields }] })))
  expect((await client.listMessages()).map(({ id }) => id)).toEqual(['ab01'])
})
