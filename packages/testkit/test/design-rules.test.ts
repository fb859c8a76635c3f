import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const DOCUMENT = new URL('../../../docs/architecture.md', import.meta.url)

/** A row of the table: the rule, the link to the test file, the name of the test. */
const ROW = /^\| (.+) \| \[`[^`]+`\]\((\S+\.test\.ts)\): (.+) \|$/gm

it('each rule of the design has a test that is where the architecture says', async () => {
  const rows = [...(await readFile(DOCUMENT, 'utf8')).matchAll(ROW)]
  expect(rows.length).toBeGreaterThan(30)
  const missing: string[] = []
  for (const [, rule, path = '', name = ''] of rows) {
    const source = await readFile(new URL(path, DOCUMENT), 'utf8').catch(() => '')
    const isThere = ["'", '`', '"'].some((quote) => source.includes(`${quote}${name}${quote}`))
    if (!isThere) missing.push(`${rule}: ${path}: ${name}`)
  }
  expect(missing).toEqual([])
})
