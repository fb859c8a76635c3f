import { MeshError } from '@pastel-mesh/identity'
import { type MessageProof, openMessageProof } from '@pastel-mesh/storage'
import { dataFolder } from '../data-folder.ts'
import { withClient } from './with-client.ts'

/** A proof, and where it was. */
export interface FoundProof extends MessageProof {
  readonly source: 'node' | 'database' | 'file'
}

/**
 * The proof of a message: from the node, or if none runs, from its database.
 * @throws MeshError ERR_NOT_STORED, and as `withClient`; StorageError
 */
export async function findProof(dataDir: string, id: string): Promise<FoundProof> {
  try {
    const { envelope, predecessor } = await withClient(dataDir, (api) =>
      api.service.messages.proof.query({ id }),
    )
    return {
      source: 'node',
      envelope: Buffer.from(envelope, 'base64'),
      ...(predecessor === undefined ? {} : { predecessor: Buffer.from(predecessor, 'base64') }),
    }
  } catch (error) {
    if (!(error instanceof MeshError && error.code === 'ERR_NO_NODE')) throw error
  }
  return { source: 'database', ...(await openStoredProof(dataDir, id)) }
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
