import { DIRECT_ID, PASTEL_ID, TIME_MS } from '../rest/operations/examples.ts'
import { isoTime, isoTimeUtc } from './pastel-time.ts'
import { supernodeCsv, supernodeData, supernodeTable } from './supernode-table.ts'

/** What the document and the page show. */
const OTHER_ID = 'jXYqZNPj21RVnwxnEJ654wEdzi7GZTZ5LAdiotBmPrF7pDMkpX1JegDMQZX55WZLkvy9fxNpZcbBJuE8QYUqBF'
const OUTPOINT = `${'5b'.repeat(32)}-0`
const PUBLIC_KEY = `04${'c4'.repeat(64)}`
/** What a key signs that nobody has. */
const SIGNATURE = Buffer.alloc(114, 7).toString('base64')
const TIME = isoTime(TIME_MS)

const SUPERNODE = {
  outpoint: OUTPOINT,
  status: 'ENABLED',
  protocolVersion: 170_009,
  payee: 'PtqzFs5TmfcBFYpjWjKS8bUF7rq6xQTxUCB',
  lastSeen: TIME_MS / 1_000 - 60,
  activeSeconds: 1_296_000,
  lastPaidTime: TIME_MS / 1_000 - 86_400,
  lastPaidBlock: 512_000,
  ipPort: '192.0.2.7:9933',
  rank: 12,
  publicKey: PUBLIC_KEY,
  extAddress: '192.0.2.7:4444',
  extP2P: '192.0.2.7:4445',
  extKey: PASTEL_ID,
}

const MESSAGE = { message: 'hello', message_type: 'greeting' }
const BODY = JSON.stringify({ ...MESSAGE, signature: SIGNATURE, sending_sn_pubkey: PUBLIC_KEY })
const PASSPHRASE = { pastelid_passphrase: 'the passphrase of this node' }
const RECIPIENTS = [{ pastelid: OTHER_ID, id: DIRECT_ID, status: 'accepted' }]
const CHALLENGE = '0f8fad5b-d9cb-469f-a165-70867728950e'
const CHALLENGE_ID = '7c9e6679742540de944be07fc1f90ae7'
const PROOF = { challenge: CHALLENGE, challenge_id: CHALLENGE_ID, challenge_signature: SIGNATURE }
const USER_MESSAGE = {
  from_pastelid: PASTEL_ID,
  to_pastelid: OTHER_ID,
  message_body: 'my_message_1__hello_friends',
  message_signature:
    'XUrsiNwSHkgacI1iRcUkC+G82dIkEgVvhzUD1awhICkvqBGUgKho7dAWpwKUhNctRJpayS4F89qAS58urukEYs2l9hPYocK/o6gGlZ3kihkzTf7lYC+dC7VAiShiJmJM85t6GjZ3saA6jxIk/BXgqjgA',
}
const STORED_USER_MESSAGE = { ...USER_MESSAGE, id: 254_891_704_911_083, timestamp: TIME }

export const livenessPing = { output: { status: 'alive', timestamp: isoTimeUtc(TIME_MS) } }
export const supernodeListJson = { output: supernodeTable([SUPERNODE]) }
export const supernodeListCsv = { output: supernodeCsv([SUPERNODE]) }
export const localInfo = {
  output: {
    local_machine_supernode_data: supernodeData(SUPERNODE),
    local_sn_rank: 12,
    local_sn_pastelid: PASTEL_ID,
    local_machine_ip_with_proper_port: SUPERNODE.ipPort,
  },
}
export const byPastelId = { input: { pastelid: PASTEL_ID }, output: supernodeData(SUPERNODE) }
export const byPublicKey = { input: { pubkey: PUBLIC_KEY }, output: supernodeData(SUPERNODE) }
export const getMessages = {
  input: { last_k_minutes: 100, message_type: 'all' },
  output: [
    {
      ...MESSAGE,
      sending_sn_pastelid: PASTEL_ID,
      receiving_sn_pastelid: OTHER_ID,
      sending_sn_txid_vout: OUTPOINT,
      receiving_sn_txid_vout: `${'6c'.repeat(32)}-1`,
      message_body: BODY,
      signature: SIGNATURE,
      timestamp: TIME,
      id: DIRECT_ID,
    },
  ],
}
export const sendMessage = {
  input: { ...MESSAGE, receiving_sn_pastelid: OTHER_ID, ...PASSPHRASE },
  output: { status: 'success', message: `Message sent: ${BODY}`, recipients: RECIPIENTS },
}
export const broadcast = {
  input: { ...MESSAGE, list_of_receiving_sn_pastelids: [OTHER_ID], ...PASSPHRASE },
  output: { status: 'success', message: `Message broadcasted: ${BODY}`, recipients: RECIPIENTS },
}
export const broadcastToAll = {
  input: { ...MESSAGE, ...PASSPHRASE, verbose: 0 },
  output: broadcast.output,
}
export const requestChallenge = {
  input: { pastelid: PASTEL_ID },
  output: { challenge: CHALLENGE, challenge_id: CHALLENGE_ID },
}
export const sendUserMessage = {
  input: { user_message: USER_MESSAGE, ...PROOF },
  output: {
    message: USER_MESSAGE.message_body,
    message_type: 'user_message',
    sending_sn_pastelid: OTHER_ID,
    timestamp: TIME,
    id: STORED_USER_MESSAGE.id,
    user_message: STORED_USER_MESSAGE,
    supernodes: [OTHER_ID],
  },
}
export const getUserMessages = {
  input: { pastelid: PASTEL_ID, ...PROOF, limit: 100, before_id: 46_179_488_366_592 },
  output: [STORED_USER_MESSAGE],
}
