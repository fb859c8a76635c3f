import { describe, it } from 'vitest'
import { conformanceCases } from '../src/conformance/index.ts'
import { MemoryDatabase, memoryDriver } from '../src/index.ts'

describe('the memory driver', () => {
  for (const { name, run } of conformanceCases) {
    it(name, async () => {
      const database = new MemoryDatabase()
      await run({ open: () => memoryDriver({}, { database }) })
    })
  }
})
