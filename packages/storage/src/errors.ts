import { MeshError } from '@pastel-mesh/identity'

/** The database cannot be opened, written or read. */
export class StorageError extends MeshError {}

/** The database is closed, for now or for good. */
export function storeUnavailable(why: string, cause?: unknown): StorageError {
  return new StorageError('ERR_STORE_UNAVAILABLE', `the database ${why}`, { cause })
}

export function isStoreUnavailable(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'ERR_STORE_UNAVAILABLE'
}
