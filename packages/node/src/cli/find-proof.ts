import { MeshError } from '@pastel-mesh/identity'
import { decodeDisclosure, ENCODING_SEALED, openBatch } from '@pastel-mesh/protocol'
import { type MessageProof, openMessageProof } from '@pastel-mesh/storage'
import { dataFolder } from '../data-folder.ts'
import { withClient } from './with-client.ts'

/** A proof, and where it was. */
export interface FoundProof extends MessageProof {
  readonly source: 'node' | 'database' | 'file'
}

/**
 * The proof of a message: from the node, or if none runs, from its database. With what opens it, if that is there.
 * @throws MeshError ERR_NOT_STORED, and as `withClient`; StorageError
 */
export async function findProof(dataDir: string, id: string): Promise<FoundProof> {
  try {
    const proof = await withClient(dataDir, (api) => api.service.messages.proof.query({ id }))
    const envelope = Buffer.from(proof.envelope, 'base64')
    const secret = isSealed(envelope) ? await findSecret(dataDir, id) : undefined
    return {
      source: 'node',
      envelope,
      ...(proof.predecessor === undefined ? {} : { predecessor: Buffer.from(proof.predecessor, 'base64') }),
      ...(secret === undefined ? {} : { secret }),
    }
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_NO_NODE')) throw error
  }
  return { source: 'database', ...(await openStoredProof(dataDir, id)) }
}

function isSealed(envelope: Uint8Array): boolean {
  try {
    return openBatch(envelope).batch.encoding === ENCODING_SEALED
  } catch {
    // What is wrong with it the check says.
    return false
  }
}

/** What opens a direct message, if this node is one of its ends. */
async function findSecret(dataDir: string, id: string): Promise<Uint8Array | undefined> {
  try {
    const { disclosure } = await withClient(dataDir, (api) => api.service.messages.disclose.query({ id }))
    return decodeDisclosure(Buffer.from(disclosure, 'base64')).secret
  } catch (error) {
    if (error instanceof MeshError && error.code === 'ERR_SEALED') return undefined
    throw error
  }
}

/** The same from the database of a node that does not run. @throws MeshError ERR_NOT_STORED; StorageError */
export async function openStoredProof(dataDir: string, id: string): Promise<MessageProof> {
  const { database } = dataFolder(dataDir)
  const proof = await openMessageProof(database, id).catch((error: unknown) => {
    throw explainLock(error, database)
  })
  if (proof === undefined) {
    throw new MeshError(
      'ERR_NOT_STORED',
      `no message ${id} is stored in ${database}: it never came, or was removed`,
    )
  }
  return proof
}

/** To stop what has it is not all that one can do. */
function explainLock(error: unknown, database: string): unknown {
  if (!(error instanceof MeshError && error.code === 'ERR_STORE_LOCKED')) return error
  return new MeshError(
    error.code,
    `no node answers, and the database in ${database} is locked by a process that has it open: if a node starts or stops just now, try again in a moment; otherwise stop what uses it`,
    { cause: error },
  )
}
