import { MeshError } from '@pastel-mesh/identity'
import type { Refusal } from '@pastel-mesh/sdk-node'
import { TRPCClientError } from '@trpc/client'
import { pmeshCommand } from '../pmesh-command.ts'
import { describeRefusal, ownNode } from './describe-refusal.ts'
import { json, print, printable, warn } from './output.ts'
import { describeRoundTrip } from './round-trip.ts'
import { paint } from './terminal/paint.ts'
import { withClient } from './with-client.ts'

/** Makes the node connect to a peer, and prints who is there. */
export async function connect(dataDir: string, target: string, asJson: boolean): Promise<void> {
  const peer = await withClient(dataDir, (api) =>
    api.admin.peers.dial.mutate({ target }).catch(async (error: unknown) => {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      const own = await api.admin.status.query()
      const why = describeRefusal(refusal, ownNode(dataDir, own))
      throw new MeshError('ERR_NOT_CERTIFIED', `${target} cannot be connected to: ${why}`, { cause: error })
    }),
  )
  if (asJson) return print(json(peer, 2))
  const who = printable([peer.pastelId, peer.address, describeRoundTrip(peer)].join('  ').trimEnd())
  print(`${paint('good', 'connected')}  ${who}`)
}

/** Makes the node disconnect from a peer. */
export async function disconnect(dataDir: string, target: string, asJson: boolean): Promise<void> {
  await withClient(dataDir, (api) => api.admin.peers.disconnect.mutate({ target }))
  if (asJson) return print(json({ disconnected: target }, 2))
  print(`disconnected  ${printable(target)}`)
  const back = pmeshCommand('connect', dataDir)
  warn(`this node does not dial it until "${back}"; the other may come back by itself`)
}

/** Who refused a connection and why, if that is what a call failed with. */
function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof TRPCClientError)) return undefined
  return (error.data as { refusal?: Refusal } | null | undefined)?.refusal
}
