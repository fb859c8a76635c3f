import { describe, it } from 'vitest'
import { conformanceCases } from '../src/conformance/index.ts'
import { levelDriver } from '../src/index.ts'
import { temporaryFolder } from './fixtures/temporary-folder.ts'

describe('the level driver', () => {
  for (const { name, run } of conformanceCases) {
    it(name, async () => {
      const directory = await temporaryFolder()
      await run({ open: () => levelDriver({ directory }) })
    })
  }
})
