import { StorageError } from './errors.ts'

/** Layout of the database that this code reads and writes; see keys.ts. */
export const SCHEMA_VERSION = '3'

/** @throws StorageError ERR_STORE_SCHEMA */
export function assertSchema(schema: Buffer, directory: string): void {
  if (schema.toString() === SCHEMA_VERSION) return
  throw new StorageError(
    'ERR_STORE_SCHEMA',
    `the database in ${directory} has schema ${schema.toString().slice(0, 16)}, this version reads ${SCHEMA_VERSION}: use the version that wrote it`,
  )
}
