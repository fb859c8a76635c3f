/** Writes docs/reference/configuration.md: `node --conditions=source scripts/make-configuration-reference.ts`. */
import { writeFile } from 'node:fs/promises'
import { configurationReference } from './configuration-reference.ts'

await writeFile(new URL('../docs/reference/configuration.md', import.meta.url), configurationReference())
