import { z } from 'zod'
import * as examples from './pastel-examples.ts'
import {
  broadcastInput,
  broadcastToAllInput,
  getMessagesInput,
  getUserMessagesInput,
  pastelIdOnly,
  publicKeyOnly,
  sendMessageInput,
  sendUserMessageInput,
} from './pastel-inputs.ts'
import {
  challengeAnswer,
  liveness,
  localInfo,
  sendAnswer,
  sentUserMessage,
  supernodeDatum,
  supernodeRow,
  tableMessage,
  userMessageAnswer,
} from './pastel-outputs.ts'

/** One of Pastel's endpoints: what it takes and answers. */
export interface PastelOperation {
  readonly method: 'GET' | 'POST'
  /** With names of the input in braces. */
  readonly path: `/${string}`
  /** Only for programs of the machine of the node. */
  readonly isLocal: boolean
  readonly summary: string
  readonly description: string
  /** Absent: it takes nothing. */
  readonly input?: z.ZodObject
  /** `query`: local ones take it in a body as well, a JSON object or a form. @default 'query' */
  readonly inputIn?: 'query' | 'body'
  /** What it answers, as JSON unless `type` says otherwise. */
  readonly output: z.ZodType
  readonly type?: 'text/csv'
  readonly example: { readonly input?: Readonly<Record<string, unknown>>; readonly output: unknown }
}

const supernodeFor = (by: string) => `The supernode with that ${by}, if it is enabled; 404 otherwise.`
const ACCEPTED =
  'The answer comes when it is signed, sealed and on disk for every recipient; what becomes of each is asked for by its id. Without any of it if one recipient is unknown (404), or the passphrase does not open the key of this node (401).'

/** All of them, by the names of their handlers. */
export const PASTEL_OPERATIONS = {
  livenessPing: {
    method: 'GET',
    path: '/liveness_ping',
    isLocal: false,
    summary: 'Whether the node answers',
    description: 'And what time it has.',
    output: liveness,
    example: examples.livenessPing,
  },
  supernodeListJson: {
    method: 'GET',
    path: '/supernode_list_json',
    isLocal: false,
    summary: 'The supernodes, as JSON',
    description: 'Those that are ENABLED or PRE_ENABLED, by their outpoints.',
    output: z.record(z.string(), supernodeRow),
    example: examples.supernodeListJson,
  },
  supernodeListCsv: {
    method: 'GET',
    path: '/supernode_list_csv',
    isLocal: false,
    summary: 'The supernodes, as CSV',
    description: 'The same, without outpoints.',
    output: z.string(),
    type: 'text/csv',
    example: examples.supernodeListCsv,
  },
  localInfo: {
    method: 'GET',
    path: '/get_local_machine_sn_info',
    isLocal: true,
    summary: 'Which supernode this is',
    description: 'As the core says; 404 if it is none.',
    output: localInfo,
    example: examples.localInfo,
  },
  byPastelId: {
    method: 'GET',
    path: '/get_sn_data_from_pastelid',
    isLocal: true,
    summary: 'A supernode by its PastelID',
    description: supernodeFor('PastelID'),
    input: pastelIdOnly,
    output: supernodeDatum,
    example: examples.byPastelId,
  },
  byPublicKey: {
    method: 'GET',
    path: '/get_sn_data_from_sn_pubkey',
    isLocal: true,
    summary: 'A supernode by its public key',
    description: supernodeFor('public key'),
    input: publicKeyOnly,
    output: supernodeDatum,
    example: examples.byPublicKey,
  },
  getMessages: {
    method: 'GET',
    path: '/get_messages',
    isLocal: true,
    summary: 'Messages of the last minutes',
    description:
      'What came to this node from other supernodes, and what it sent them, the newest first; `[]` if there is nothing.',
    input: getMessagesInput,
    output: z.array(tableMessage),
    example: examples.getMessages,
  },
  sendMessage: {
    method: 'POST',
    path: '/send_message',
    isLocal: true,
    summary: 'Send a message to a supernode',
    description: ACCEPTED,
    input: sendMessageInput,
    output: sendAnswer,
    example: examples.sendMessage,
  },
  broadcast: {
    method: 'POST',
    path: '/broadcast_message',
    isLocal: true,
    summary: 'Send a message to some supernodes',
    description: ACCEPTED,
    input: broadcastInput,
    output: sendAnswer,
    example: examples.broadcast,
  },
  broadcastToAll: {
    method: 'POST',
    path: '/broadcast_message_to_all_sns',
    isLocal: true,
    summary: 'Send a message to all supernodes',
    description: `To those of the list, this one left out. ${ACCEPTED}`,
    input: broadcastToAllInput,
    output: sendAnswer,
    example: examples.broadcastToAll,
  },
  requestChallenge: {
    method: 'GET',
    path: '/request_challenge/{pastelid}',
    isLocal: false,
    summary: 'A challenge, for who has a PastelID',
    description: 'Its text is to be signed with that PastelID. Good for 300 s and for one attempt.',
    input: pastelIdOnly,
    output: challengeAnswer,
    example: examples.requestChallenge,
  },
  sendUserMessage: {
    method: 'POST',
    path: '/send_user_message',
    isLocal: false,
    summary: 'Send a message from one PastelID to another',
    description:
      'The three supernodes closest to the recipient keep it. Both signatures are over the text, or over the base64 of the text, as the Go client makes them. The same message twice within two minutes is one.',
    input: sendUserMessageInput,
    inputIn: 'body',
    output: sentUserMessage,
    example: examples.sendUserMessage,
  },
  getUserMessages: {
    method: 'GET',
    path: '/get_user_messages',
    isLocal: false,
    summary: 'Messages from and to a PastelID',
    description: 'Those that this node keeps, the newest first, for who has that PastelID.',
    input: getUserMessagesInput,
    output: z.array(userMessageAnswer),
    example: examples.getUserMessages,
  },
} as const satisfies Readonly<Record<string, PastelOperation>>

export type PastelOperationName = keyof typeof PASTEL_OPERATIONS
