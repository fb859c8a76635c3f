import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { parseMessageId, type SignedBatch } from '@pastel-mesh/protocol'
import { ArrivalReader } from './arrival-reader.ts'
import { LevelDatabase } from './database.ts'
import { StorageError } from './errors.ts'
import type { MessageStore } from './index.ts'
import { metaKey } from './keys.ts'
import { followedBy } from './log-state.ts'
import { assertSchema } from './schema.ts'

/** What is stored that proves a message: `checkProof` of the protocol takes it. */
export interface MessageProof {
  /** The signed batch that holds the message, as it came. */
  readonly envelope: Uint8Array
  /** The batch before it, as far as one is stored. */
  readonly predecessor?: Uint8Array
  /** Of a sealed batch that can be read here, what opens it: whoever gets it can read the batch as well. */
  readonly secret?: Uint8Array
}

/** A started store, or what reads as one. */
export type ProofSource = Pick<MessageStore, 'findMessage' | 'readLog'>

/**
 * The proof of a message; undefined if it is not stored.
 * @throws ProtocolError ERR_MESSAGE_ID; StorageError
 */
export async function readMessageProof(source: ProofSource, id: string): Promise<MessageProof | undefined> {
  const found = await source.findMessage(id)
  if (found === undefined) return undefined
  const { envelope, signed, secret } = found.stored
  const predecessor = await findPredecessor(source, signed)
  return {
    envelope,
    ...(predecessor === undefined ? {} : { predecessor }),
    ...(secret === undefined ? {} : { secret }),
  }
}

/**
 * The same from the directory of a store that nobody has started: nothing that waits there is moved, and nothing
 * removed.
 * @throws ProtocolError ERR_MESSAGE_ID; StorageError ERR_STORE_OPEN if there is none, ERR_STORE_LOCKED if another process
 * has it, ERR_STORE_SCHEMA, ERR_STORE_READ
 */
export async function openMessageProof(directory: string, id: string): Promise<MessageProof | undefined> {
  parseMessageId(id)
  // LevelDB would make one.
  await access(join(directory, 'CURRENT')).catch((cause: unknown) => {
    throw new StorageError('ERR_STORE_OPEN', `there is no database in ${directory}`, { cause })
  })
  const database = new LevelDatabase(directory)
  await database.open()
  try {
    const schema = await database.get(metaKey('schema'))
    if (schema !== undefined) assertSchema(schema, directory)
    return await readMessageProof(new ArrivalReader({ database }), id)
  } finally {
    await database.close()
  }
}

/** What is stored where the batch before this one has its end: in its log, or in the one that it follows. */
async function findPredecessor(source: ProofSource, signed: SignedBatch): Promise<Uint8Array | undefined> {
  const { first, follows } = signed.batch
  const log = followedBy(signed)?.id ?? signed.log
  const last = follows?.head ?? first - 1
  if (last < 0) return undefined
  for await (const { envelope } of source.readLog({ log, first: last, last })) return envelope
  return undefined
}
