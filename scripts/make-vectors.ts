/**
 * Writes the test vectors of docs/PROTOCOL.md: `node --conditions=source scripts/make-vectors.ts`. Everything
 * comes from fixed seeds and both signature schemes are deterministic, so a run changes nothing unless a
 * format changed.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { makeVectors } from '../packages/protocol/test/vectors/make-vectors.ts'

const folder = new URL('../docs/vectors/', import.meta.url)
await mkdir(folder, { recursive: true })
for (const [name, text] of Object.entries(await makeVectors())) await writeFile(new URL(name, folder), text)
