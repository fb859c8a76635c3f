import { MeshError } from '@pastel-mesh/identity'
import { encodeDisclosure, parseChannel } from '@pastel-mesh/protocol'
import { z } from 'zod'
import type { Context } from '../trpc.ts'

/** A message id is shorter; a wrong one is not repeated at length. */
export const discloseInput = z.strictObject({ id: z.string().max(100) })

/** What shows a third party a direct message. */
export interface DisclosureOutput {
  /** The id of the message in its log, also of one that waited for a certificate. */
  readonly id: string
  /** In base64: `openDisclosure` of the protocol opens it. */
  readonly disclosure: string
  /** How many messages it shows: all of the batch. */
  readonly messages: number
}

/**
 * The disclosure of the batch that holds a message.
 * @throws ProtocolError ERR_MESSAGE_ID; MeshError ERR_NOT_STORED, ERR_UNKNOWN_MESSAGE, ERR_NO_RECIPIENT,
 * ERR_NO_CERTIFICATE, ERR_SEALED
 */
export async function readDisclosure(
  { id: given }: z.output<typeof discloseInput>,
  { node, store }: Context,
): Promise<DisclosureOutput> {
  const id = await ownIdOf(given, node)
  const found = await store.findMessage(id)
  if (found === undefined) {
    throw new MeshError('ERR_NOT_STORED', `no message ${id} is stored here: it never came, or was removed`)
  }
  const { envelope, secret, signed } = found.stored
  const channel = parseChannel(signed.batch.channel)
  if (channel.kind === 'topic') {
    throw new MeshError(
      'ERR_NO_RECIPIENT',
      `the message ${id} went to the topic ${channel.topic}, where nothing is sealed: "pmesh verify" proves it`,
    )
  }
  if (secret === undefined) {
    throw new MeshError(
      'ERR_SEALED',
      `the message ${id} cannot be read here: only its sender and its recipient can disclose it`,
    )
  }
  const disclosure = encodeDisclosure({ envelope, secret })
  return { id, disclosure: Buffer.from(disclosure).toString('base64'), messages: signed.batch.count }
}

/** What waits for a certificate has an id of its own, and is not signed yet. */
async function ownIdOf(id: string, node: Context['node']): Promise<string> {
  if (!id.startsWith('waiting-')) return id
  const status = await node.status(id)
  if (status.state !== 'waiting-for-certificate' && !status.id.startsWith('waiting-')) return status.id
  throw new MeshError(
    'ERR_NO_CERTIFICATE',
    `the message ${id} is not sealed yet: nobody has shown the certificate of ${status.recipient}`,
  )
}
