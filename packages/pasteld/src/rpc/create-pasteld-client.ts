import { encodeSignature } from '@pastel-mesh/identity'
import type { CallOptions, PasteldClient } from './pasteld-client.ts'
import type { PasteldClientOptions } from './pasteld-client-options.ts'
import {
  EXTRA_OF_MASTERNODE,
  LINE,
  RANK,
  readBlockCount,
  readByOutpoint,
  readInfo,
  readMessages,
  readPastelIds,
  readSignature,
  readStatus,
  readTop,
  readVerification,
} from './read-results.ts'
import { RpcCaller } from './rpc-caller.ts'

const MAX_MESSAGE_LIST_BYTES = 134_217_728

/**
 * A client of the Pastel core. Makes no connection before the first call.
 *
 * @throws PasteldError ERR_PASTELD_REQUEST: the URL is none of a core
 * @example
 * import { createPasteldClient, findPasteldConfig } from '@pastel-mesh/pasteld'
 *
 * const client = createPasteldClient(await findPasteldConfig())
 * console.log(await client.blockCount())
 * await client.close()
 */
export function createPasteldClient(options: PasteldClientOptions): PasteldClient {
  const caller = new RpcCaller(options)
  const maxMessageListBytes = options.maxMessageListBytes ?? MAX_MESSAGE_LIST_BYTES
  /** Asks for what changes nothing. */
  const ask = (method: string, params: readonly unknown[], call?: CallOptions, maxAnswerBytes?: number) =>
    caller.call(
      { method, params, isRead: true, ...(maxAnswerBytes !== undefined && { maxAnswerBytes }) },
      call,
    )
  const list = (what: string, call?: CallOptions) => ask('masternodelist', [what], call)

  return {
    url: caller.url,
    call: (method, params, call) => caller.call({ method, params, isRead: false }, call),
    sendMessage: async (publicKey, text, call) => {
      const params = ['message', 'send', publicKey, text]
      await caller.call({ method: 'masternode', params, isRead: false }, call)
    },
    listMessages: async (call) =>
      readMessages(await ask('masternode', ['message', 'list'], call, maxMessageListBytes)),
    masternodeStatus: async (call) => readStatus(await ask('masternode', ['status'], call)),
    listFull: async (call) => readByOutpoint(await list('full', call), LINE, 'masternodelist full'),
    listRanks: async (call) => readByOutpoint(await list('rank', call), RANK, 'masternodelist rank'),
    listPublicKeys: async (call) => readByOutpoint(await list('pubkey', call), LINE, 'masternodelist pubkey'),
    listExtra: async (call) =>
      readByOutpoint(await list('extra', call), EXTRA_OF_MASTERNODE, 'masternodelist extra'),
    top: async (height, call) =>
      readTop(await ask('masternode', height === undefined ? ['top'] : ['top', height], call)),
    // Signatures are deterministic: to sign again gives the same.
    sign: async (text, pastelId, passphrase, call) =>
      readSignature(await ask('pastelid', ['sign', text, pastelId, passphrase, 'ed448'], call)),
    verify: async (text, signature, pastelId, call) => {
      const params = ['verify', text, encodeSignature(signature), pastelId, 'ed448']
      return readVerification(await ask('pastelid', params, call))
    },
    pastelIds: async (call) => readPastelIds(await ask('pastelid', ['list'], call)),
    blockCount: async (call) => readBlockCount(await ask('getblockcount', [], call)),
    info: async (call) => readInfo(await ask('getinfo', [], call)),
    close: async () => caller.close(),
  }
}
