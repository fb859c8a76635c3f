import { json, print, printable } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { paint } from './terminal/paint.ts'
import { withClient } from './with-client.ts'

/** Makes the node connect to a peer, and prints who is there. */
export async function connect(dataDir: string, target: string, asJson: boolean): Promise<void> {
  const peer = await withClient(dataDir, (api) => api.admin.connect.mutate({ target }))
  if (asJson) return print(json(peer, 2))
  const who = printable([peer.pastelId, peer.address, describeRoundTrip(peer)].join('  ').trimEnd())
  print(`${paint('good', 'connected')}  ${who}`)
}

/** Makes the node disconnect from a peer. */
export async function disconnect(dataDir: string, target: string, asJson: boolean): Promise<void> {
  await withClient(dataDir, (api) => api.admin.disconnect.mutate({ target }))
  print(asJson ? json({ disconnected: target }, 2) : `disconnected  ${printable(target)}`)
}
