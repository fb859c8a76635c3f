import type { PastelId } from '@pastel-mesh/identity'
import type { CarriedMessage } from '@pastel-mesh/sdk-node'
import { expect, test } from 'vitest'
import { PasteldError, type SupernodeDirectory } from '../src/index.ts'
import { looked, startListedBridges } from './fixtures/listed-bridge.ts'
import { waitUntil } from './fixtures/testkit.ts'

const now = () => ({ signal: new AbortController().signal, begin: async () => {} })

function messageTo(recipient: PastelId | undefined, over: Partial<CarriedMessage> = {}): CarriedMessage {
  if (recipient === undefined) throw new Error('it has no PastelID')
  const body = Buffer.from('x')
  return { recipient, type: 'note', contentType: 'text', headers: {}, body, createdAtMs: Date.now(), ...over }
}

test('a PastelID that several supernodes have registered is nobody’s: nothing comes in from it until one has it', async () => {
  const { bridged, other, list, entry, start } = await startListedBridges()
  let supernodes = [other, { ...other, outpoint: `${'ab'.repeat(32)}-1`, status: 'PRE_ENABLED' }]
  const directory = withSupernodes(bridged.supernodes, () => supernodes)
  list([entry(1)])
  const bridge = await start({}, { directory })
  await waitUntil(() => bridge.status().refused['ambiguous-sender'] === 1, { what: 'it to be counted' })
  await looked(bridge)
  expect(bridge.status()).toMatchObject({ takenIn: 0, refused: { 'ambiguous-sender': 1 } })
  supernodes = supernodes.map((each) => (each === other ? each : { ...each, status: 'EXPIRED' }))
  await waitUntil(() => bridge.status().takenIn === 1, { what: 'the message' })
})

test('another supernode that has registered the PastelID of the node does not speak as the node', async () => {
  const { bridged, own, other, list, entry, start } = await startListedBridges()
  const thief = { ...other, ...(own.pastelId === undefined ? {} : { pastelId: own.pastelId }) }
  const directory = withSupernodes(bridged.supernodes, () => [{ ...own, status: 'EXPIRED' }, thief])
  list([entry(1)])
  const bridge = await start({}, { directory })
  await waitUntil(() => bridge.status().refused['ambiguous-sender'] === 1, { what: 'it to be counted' })
})

test('a node that is not the supernode of its core takes nothing in, reaches nobody, and says who is who', async () => {
  const { bridged, own, other, list, entry, start, errors } = await startListedBridges()
  const signer = { ...bridged.signer, pastelId: other.pastelId as NonNullable<typeof other.pastelId> }
  list([entry(1)])
  const bridge = await start({}, { signer })
  await looked(bridge)
  const { problem, takenIn } = bridge.status()
  expect(takenIn).toBe(0)
  expect(problem?.message).toContain(
    `registered the PastelID ${own.pastelId}, and this node is ${other.pastelId}`,
  )
  expect(problem?.message).toMatch(/make the node that PastelID|register this one/)
  expect(errors).toHaveLength(1)
  expect(bridge.reaches(own.pastelId as NonNullable<typeof own.pastelId>)).toBe(false)
})

test('nothing goes to a PastelID that several supernodes have registered, nor from one, and it is told once', async () => {
  const { bridged, own, other, start, errors } = await startListedBridges()
  const double = (supernode: typeof own) => ({ ...supernode, outpoint: `${'ab'.repeat(32)}-1` })
  let supernodes = [own, other, double(other)]
  const sent: string[] = []
  const client = { listMessages: async () => [], sendMessage: async (key: string) => void sent.push(key) }
  const bridge = await start({}, { directory: withSupernodes(bridged.supernodes, () => supernodes), client })
  const message = messageTo(other.pastelId)
  expect(await bridge.hand(message, now())).toBe('not-now')
  expect(await bridge.hand(message, now())).toBe('not-now')
  expect(errors.map((error) => error.message)).toEqual([expect.stringContaining(`${other.pastelId}`)])
  await looked(bridge)
  expect(bridge.status().problem?.message).toMatch(/^2 supernodes have registered the PastelID/)
  supernodes = [own, double(own), other]
  expect(await bridge.hand(message, now())).toBe('not-now')
  expect(bridge.status().problem?.message).toContain(`${own.pastelId}`)
  expect(sent).toEqual([])
  supernodes = [own, other]
  expect(await bridge.hand(message, now())).toBe('handed')
  expect(sent).toEqual([other.publicKey])
  expect(bridge.status()).not.toHaveProperty('problem')
})

test('a supernode that the network does not count on is not reached', async () => {
  const { bridged, own, other, start } = await startListedBridges()
  let status = 'NEW_START_REQUIRED'
  const directory = withSupernodes(bridged.supernodes, () => [own, { ...other, status }])
  const bridge = await start({}, { directory })
  const message = messageTo(other.pastelId)
  expect(bridge.reaches(message.recipient)).toBe(false)
  expect(await bridge.hand(message, now())).toBe('not-now')
  status = 'PRE_ENABLED'
  expect(bridge.reaches(message.recipient)).toBe(true)
})

test('what is in the way of what goes out stays, and is told once, while what comes in is well, and the other way round', async () => {
  const { other, start, errors } = await startListedBridges()
  let isListing = true
  let isSending = false
  const client = {
    listMessages: async () => {
      if (!isListing) throw new Error('no list')
      return []
    },
    sendMessage: async () => {
      if (!isSending) throw new PasteldError('ERR_PASTELD_UNREACHABLE', 'nothing is sent')
    },
  }
  const bridge = await start({}, { client })
  const message = messageTo(other.pastelId)
  expect(await bridge.hand(message, now())).toBe('not-now')
  await looked(bridge)
  expect(bridge.status().problem?.message).toBe('nothing is sent')
  expect(await bridge.hand(message, now())).toBe('not-now')
  expect(errors.map((error) => error.message)).toEqual(['nothing is sent'])
  isListing = false
  await waitUntil(() => bridge.status().problem?.message === 'no list', { what: 'the other problem' })
  isSending = true
  expect(await bridge.hand(message, now())).toBe('handed')
  expect(bridge.status().problem?.message).toBe('no list')
  isListing = true
  await waitUntil(() => bridge.status().problem === undefined, { what: 'it to be gone' })
  expect(errors.map((error) => error.message)).toEqual(['nothing is sent', 'no list'])
})

test('a message of a user, sealed on the mesh, is not carried', async () => {
  const { other, start } = await startListedBridges()
  const bridge = await start()
  const json = { contentType: 'json', body: Buffer.from('{}') } as const
  expect(bridge.carries(messageTo(other.pastelId, json))).toBe(true)
  expect(bridge.carries(messageTo(other.pastelId, { ...json, type: 'pastel-user-message' }))).toBe(false)
})

/** The directory of a node, with other supernodes in it. */
function withSupernodes(
  directory: SupernodeDirectory,
  supernodes: () => ReturnType<SupernodeDirectory['supernodes']>,
): SupernodeDirectory {
  return {
    ...directory,
    readAtMs: Date.now(),
    problem: undefined,
    local: () => directory.local(),
    refresh: async () => {},
    supernodes,
    byOutpoint: (outpoint) => supernodes().find((each) => each.outpoint === outpoint),
    byPastelId: (pastelId) => supernodes().find((each) => each.pastelId === pastelId),
  }
}
