import { createLocalSigner, generateSeed } from '@pastel-mesh/identity'
import { expect, test } from 'vitest'
import { call, pastelServer, supernodeOf } from './fixtures/pastel-server.ts'

const COLUMNS =
  'supernode_status,protocol_version,supernode_psl_address,lastseentime,activeseconds,lastpaidtime,lastpaidblock,ipaddress:port,rank,pubkey,extAddress,extP2P,extKey,activedays'

async function listing() {
  const server = await pastelServer()
  const { supernodes, node } = server
  const other = createLocalSigner(generateSeed()).pastelId
  const { pastelId: _, ...unregistered } = supernodeOf(other, 3, {
    extKey: '',
    status: 'PRE_ENABLED',
    rank: undefined,
    extAddress: 'a "quoted", address',
  })
  supernodes.push(supernodeOf(other, 2, { status: 'EXPIRED' }), unregistered)
  const [own] = supernodes as [(typeof supernodes)[0]]
  return { ...server, own, other, unregistered, pastelId: node.pastelId }
}

test('the list has its columns, of what is enabled or about to be, as JSON by outpoint and as CSV', async () => {
  const { url, own, pastelId, unregistered } = await listing()
  const { status, body } = await call(url, '/supernode_list_json')
  expect({ status, outpoints: Object.keys(body) }).toEqual({
    status: 200,
    outpoints: [own.outpoint, unregistered.outpoint],
  })
  expect(body[own.outpoint]).toEqual({
    supernode_status: 'ENABLED',
    protocol_version: '170009',
    supernode_psl_address: own.payee,
    lastseentime: 1_711_110_896_000,
    activeseconds: 86_400,
    lastpaidtime: 1_711_107_296_000,
    lastpaidblock: 512_001,
    'ipaddress:port': '192.0.2.1:9933',
    rank: 1,
    pubkey: own.publicKey,
    extAddress: '192.0.2.1:4444',
    extP2P: '192.0.2.1:4445',
    extKey: pastelId,
    activedays: 1,
  })
  expect(Object.keys(body[own.outpoint]).join(',')).toBe(COLUMNS)
  const csv = await call(url, '/supernode_list_csv')
  expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(csv.headers['content-disposition']).toBe('attachment; filename=supernode_list.csv')
  expect(csv.body.split('\n')).toEqual([
    COLUMNS,
    `ENABLED,170009,${own.payee},2024-03-22 12:34:56,86400,2024-03-22 11:34:56,512001,192.0.2.1:9933,1,${own.publicKey},192.0.2.1:4444,192.0.2.1:4445,${pastelId},1`,
    `PRE_ENABLED,170009,${own.payee},2024-03-22 12:34:56,172800,2024-03-22 11:34:56,512003,192.0.2.3:9933,,${unregistered.publicKey},"a ""quoted"", address",192.0.2.3:4445,,2`,
    '',
  ])
})

test('one supernode is found by its PastelID, its public key, or as this machine; others are 404, not 500', async () => {
  const { url, own, pastelId, other, supernodes } = await listing()
  const data = {
    ...(await call(url, '/supernode_list_json')).body[own.outpoint],
    lastseentime: '2024-03-22T12:34:56.000000',
    lastpaidtime: '2024-03-22T11:34:56.000000',
    // Versions of the layer call it by either name.
    ipaddress_port: '192.0.2.1:9933',
  }
  const byPastelId = (pastelid: string) => call(url, '/get_sn_data_from_pastelid', { query: { pastelid } })
  const byKey = (pubkey: string) => call(url, '/get_sn_data_from_sn_pubkey', { query: { pubkey } })
  expect(await byPastelId(pastelId)).toMatchObject({ status: 200, body: data })
  expect(await byKey(own.publicKey)).toMatchObject({ status: 200, body: data })
  expect((await call(url, '/get_local_machine_sn_info')).body).toEqual({
    local_machine_supernode_data: data,
    local_sn_rank: 1,
    local_sn_pastelid: pastelId,
    local_machine_ip_with_proper_port: '192.0.2.1:9933',
  })
  const missing = { status: 404, body: { detail: 'Specified machine is not a Supernode' } }
  // One that is in the core's list, and not enabled.
  expect(await byPastelId(other)).toMatchObject(missing)
  expect(await byPastelId(createLocalSigner(generateSeed()).pastelId)).toMatchObject(missing)
  expect(await byKey('04ff')).toMatchObject(missing)
  for (const answer of [await byPastelId('jX'), await byKey('no key'), await byKey('')])
    expect(answer).toMatchObject({ status: 422, body: { detail: [{ loc: ['query', expect.any(String)] }] } })
  expect(await call(url, '/get_sn_data_from_pastelid')).toMatchObject({
    status: 422,
    body: { detail: [{ type: 'missing', loc: ['query', 'pastelid'] }] },
  })
  supernodes.splice(0, 1)
  expect(await call(url, '/get_local_machine_sn_info')).toMatchObject({
    status: 404,
    body: { detail: 'Local machine is not a Supernode' },
  })
})

test('the sign of life says what time it is, in UTC', async () => {
  const { url } = await pastelServer()
  const { status, body } = await call(url, '/liveness_ping')
  expect({ status, alive: body.status }).toEqual({ status: 200, alive: 'alive' })
  expect(body.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00$/)
  expect(Math.abs(Date.parse(body.timestamp) - Date.now())).toBeLessThan(60_000)
})
