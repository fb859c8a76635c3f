import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { configurationReference } from '../configuration-reference.ts'

it('docs/reference/configuration.md is what scripts/make-configuration-reference.ts makes', async () => {
  const committed = await readFile(new URL('../../docs/reference/configuration.md', import.meta.url), 'utf8')
  expect(committed).toBe(configurationReference())
})
