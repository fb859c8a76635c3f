import { MeshError, type PastelId } from '@pastel-mesh/identity'
import type { SupernodeDirectory } from '@pastel-mesh/pasteld'
import type { MeshNode } from '@pastel-mesh/sdk-node'
import type { z } from 'zod'
import type { Drain } from '../admin/drain.ts'
import type { PASTEL_OPERATIONS, PastelOperationName } from './pastel-operations.ts'
import { PastelRefusal } from './pastel-refusal.ts'
import { isoTime, isoTimeUtc } from './pastel-time.ts'
import { readMessages } from './read-messages.ts'
import type { SendMessages } from './send-messages.ts'
import { isListed, supernodeCsv, supernodeData, supernodeTable } from './supernode-table.ts'
import { isSignedBy } from './user-message.ts'
import type { KeptUserMessage, UserMessages } from './user-messages.ts'
import type { UserProof } from './user-proof.ts'

/** Who asks. */
export interface PastelCall {
  /** An IP address, or for IPv6 its network. */
  readonly address: string
  /** Aborted when it hangs up. */
  readonly signal: AbortSignal
}

export interface PastelHandlersComponents {
  readonly node: MeshNode
  readonly directory: SupernodeDirectory
  readonly drain: Drain
  readonly sending: SendMessages
  readonly users: UserMessages
  readonly proof: UserProof
}

type Input<Name extends PastelOperationName> = (typeof PASTEL_OPERATIONS)[Name] extends {
  readonly input: infer Schema extends z.ZodType
}
  ? z.output<Schema>
  : undefined

/** What each endpoint does. */
export type PastelHandlers = {
  readonly [Name in PastelOperationName]: (input: Input<Name>, call: PastelCall) => unknown
}

/** @returns what is answered. Each throws PastelRefusal and MeshError */
export function pastelHandlers({
  node,
  directory,
  drain,
  sending,
  users,
  proof,
}: PastelHandlersComponents): PastelHandlers {
  const listed = () => {
    if (directory.readAtMs === undefined) throw notRead(directory)
    return directory.supernodes().filter(isListed)
  }
  const one = (supernode = directory.local()) => {
    if (directory.readAtMs === undefined) throw notRead(directory)
    if (supernode !== undefined) return supernode
    throw new PastelRefusal(404, 'Local machine is not a Supernode')
  }
  const found = (supernode: ReturnType<SupernodeDirectory['local']>) => {
    if (directory.readAtMs === undefined) throw notRead(directory)
    if (supernode !== undefined && isListed(supernode)) return supernodeData(supernode)
    throw new PastelRefusal(404, 'Specified machine is not a Supernode')
  }
  const assertSending = () => {
    drain.assertTaking()
    listed()
  }
  return {
    livenessPing: () => ({ status: 'alive', timestamp: isoTimeUtc(Date.now()) }),
    supernodeListJson: () => supernodeTable(listed()),
    supernodeListCsv: () => supernodeCsv(listed()),
    localInfo: () => {
      const local = one()
      return {
        local_machine_supernode_data: supernodeData(local),
        local_sn_rank: local.rank ?? null,
        local_sn_pastelid: local.extKey,
        local_machine_ip_with_proper_port: local.ipPort,
      }
    },
    byPastelId: ({ pastelid }) => found(directory.byPastelId(pastelid)),
    byPublicKey: ({ pubkey }) => found(directory.byPublicKey(pubkey)),
    getMessages: (query, { signal }) => readMessages(query, { node, directory, signal }),
    sendMessage: ({ receiving_sn_pastelid, ...message }, { signal }) => {
      assertSending()
      return sending.toSome(message, [receiving_sn_pastelid], 'sent', signal)
    },
    broadcast: ({ list_of_receiving_sn_pastelids: recipients, ...message }, { signal }) => {
      assertSending()
      return sending.toSome(message, recipients, 'broadcasted', signal)
    },
    broadcastToAll: (message, { signal }) => {
      assertSending()
      return sending.toAll(message, 'broadcasted', signal)
    },
    requestChallenge: ({ pastelid }, { address }) => proof.issue(pastelid, address),
    sendUserMessage: async ({ user_message, ...shown }, { address }) => {
      drain.assertTaking()
      const { from_pastelid, message_body, message_signature } = user_message
      await proof.check(from_pastelid, shown, address)
      if (!(await isSignedBy(from_pastelid, message_body, message_signature)))
        throw new PastelRefusal(422, [
          {
            type: 'value_error',
            loc: ['body', 'user_message', 'message_signature'],
            msg: 'it is no signature of message_body by from_pastelid',
          },
        ])
      const { supernodes, ...taken } = await users.take(user_message)
      const answer = toAnswer({ ...user_message, ...taken })
      return {
        message: message_body,
        message_type: 'user_message',
        sending_sn_pastelid: node.pastelId,
        timestamp: answer.timestamp,
        id: answer.id,
        user_message: answer,
        supernodes,
      }
    },
    getUserMessages: async ({ pastelid, limit, before_id, ...shown }, { address }) => {
      await proof.check(pastelid, shown, address)
      const messages = await users.of(pastelid, { limit, beforeId: before_id })
      return messages.map(toAnswer)
    },
  }
}

function toAnswer(message: KeptUserMessage & { readonly from_pastelid: PastelId }) {
  const { from_pastelid, to_pastelid, message_body, message_signature, id, createdAtMs } = message
  return {
    from_pastelid,
    to_pastelid,
    message_body,
    message_signature,
    id,
    timestamp: isoTime(createdAtMs),
  }
}

function notRead({ problem }: SupernodeDirectory): MeshError {
  return new MeshError(
    'ERR_PASTELD_UNREACHABLE',
    `the list of supernodes was never read${problem === undefined ? '' : `: ${problem.message}`}`,
  )
}
