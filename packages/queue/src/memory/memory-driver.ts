import { createStore } from '@pastel-mesh/storage'
import type { Clock } from '../clock.ts'
import type { QueueDriver } from '../driver.ts'
import { LevelDriver, type LevelDriverOptions } from '../level/level-driver.ts'
import { MemoryDatabase } from './memory-database.ts'

/** The level driver on a database that is not there: an emulator for tests, gone with the process. */
export function memoryDriver(
  options: Omit<LevelDriverOptions, 'directory'> = {},
  {
    clock,
    database = new MemoryDatabase(),
  }: { readonly clock?: Clock; readonly database?: MemoryDatabase } = {},
): QueueDriver {
  const store = createStore(
    { directory: 'memory' },
    { database, freeBytes: async () => Number.MAX_SAFE_INTEGER },
  )
  return new LevelDriver(options, { store, ownsStore: true, ...(clock === undefined ? {} : { clock }) })
}
