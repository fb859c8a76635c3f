import { expect, it } from 'vitest'
import { apiOf } from './fixtures/api.ts'
import { errorOf, mutate } from './fixtures/call.ts'
import { openServer } from './fixtures/open-server.ts'

it('two nodes are connected by the address of one, and disconnected and connected by its PastelID', async () => {
  const [one, other] = [await openServer(), await openServer()]
  const api = apiOf(one.path)
  const [address = ''] = other.node.addresses()
  const { peerId, pastelId } = other.node
  expect(await api.admin.peers.dial.mutate({ target: address })).toMatchObject({ peerId, pastelId })
  expect((await api.admin.status.query()).peers).toMatchObject([{ peerId, direction: 'outbound' }])
  await api.admin.peers.disconnect.mutate({ target: pastelId })
  expect((await api.admin.status.query()).peers).toEqual([])
  expect(await api.admin.peers.dial.mutate({ target: pastelId })).toMatchObject({ peerId, pastelId })
})

const STRANGER = 'jXYwVLikSSJfoX7s4VpX3osfMWnBk3Eahtv5p1bYQchaMiMVzAmPU57HMA7fz59ffxjd2Y57b9f7oGqfN5bYou'

it.each([
  ['dial', 'to what is no address', 'nonsense', 400, 'ERR_ADDRESS'],
  ['dial', 'to an address where nobody is', '/ip4/127.0.0.1/tcp/1', 502, 'ERR_DIAL'],
  ['dial', 'to a PastelID that it never met', STRANGER, 404, 'ERR_UNKNOWN_PEER'],
  ['disconnect', 'from what is no address', '127.0.0.1:99999', 400, 'ERR_ADDRESS'],
  ['disconnect', 'from a PastelID that is not there', STRANGER, 404, 'ERR_NOT_CONNECTED'],
])('%s %s fails with its code', async (procedure, _, target, status, meshCode) => {
  const { path } = await openServer()
  const answer = await mutate(path, `admin.peers.${procedure}`, { target })
  expect(errorOf(answer).data).toMatchObject({ meshCode })
  expect(answer.status).toBe(status)
})
