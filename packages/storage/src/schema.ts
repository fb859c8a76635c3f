import { randomBytes } from 'node:crypto'
import { STORE_ID_BYTES } from '@pastel-mesh/protocol'
import type { Database, Operation } from './database.ts'
import { StorageError } from './errors.ts'
import { metaKey } from './keys.ts'

/** Layout of the database that this code reads and writes; see keys.ts. */
const SCHEMA_VERSION = '3'

/**
 * Makes the schema of a new database, or checks that of one that is there.
 * @returns the id of the store
 * @throws StorageError ERR_STORE_SCHEMA, ERR_COMMIT_FAILED
 */
export async function openSchema(database: Database, directory: string): Promise<Buffer> {
  const schema = await database.get(metaKey('schema'))
  if (schema === undefined) {
    const operations: Operation[] = [
      { type: 'put', key: metaKey('schema'), value: Buffer.from(SCHEMA_VERSION) },
      { type: 'put', key: metaKey('store'), value: randomBytes(STORE_ID_BYTES) },
    ]
    await database.write(operations, { sync: true }).catch((cause: Error) => {
      const message = `the first write to the database in ${directory} failed: ${cause.message}`
      throw new StorageError('ERR_COMMIT_FAILED', message, { cause })
    })
  } else {
    assertSchema(schema, directory)
  }
  return (await database.get(metaKey('store'))) as Buffer
}

/** @throws StorageError ERR_STORE_SCHEMA */
export function assertSchema(schema: Buffer, directory: string): void {
  if (schema.toString() === SCHEMA_VERSION) return
  throw new StorageError(
    'ERR_STORE_SCHEMA',
    `the database in ${directory} has schema ${schema.toString().slice(0, 16)}, this version reads ${SCHEMA_VERSION}: use the version that wrote it`,
  )
}
