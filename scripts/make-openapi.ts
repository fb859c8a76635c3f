/**
 * Writes docs/reference/openapi.json: `node --conditions=source scripts/make-openapi.ts`. Refuses what callers of the API
 * as the file has it would trip over, unless `--incompatible` says that it is meant.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { openApiDocument } from '@pastel-mesh/sdk-server'
import { type Document, incompatibleChanges } from './incompatible-changes.ts'

const file = new URL('../docs/reference/openapi.json', import.meta.url)
// Also what a node serves only if it is told to.
const document = openApiDocument(undefined, { withPastel: true })
const before = await readFile(file, 'utf8').catch(() => '{}')
const changes = incompatibleChanges(JSON.parse(before) as Document, document as Document)
if (changes.length > 0 && !process.argv.includes('--incompatible')) {
  console.error(`callers would trip over this; --incompatible writes it all the same:\n${changes.join('\n')}`)
  process.exitCode = 1
} else await writeFile(file, `${JSON.stringify(document, null, 2)}\n`)
