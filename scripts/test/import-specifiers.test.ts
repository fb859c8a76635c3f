// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the sources under test are text
import { expect, test } from 'vitest'
import { importSpecifiers } from '../import-specifiers.ts'

function specifiers(source: string): string[] {
  return importSpecifiers(source).map(({ specifier }) => specifier)
}

test.each([
  ["import 'a'", ['a']],
  ['import "a"', ['a']],
  ["import a from 'a'", ['a']],
  ["import * as a from 'a'", ['a']],
  ["import type { A } from 'a'", ['a']],
  ["import type from 'a'", ['a']],
  ["import a, { type B, from } from 'a'; const from = 'b'", ['a']],
  ["import {\n  a,\n  b,\n} from 'a'", ['a']],
  ["import a from 'a' with { type: 'json' }", ['a']],
  ["export * from 'a'", ['a']],
  ["export * as a from 'a'", ['a']],
  ["export type { A } from 'a'", ['a']],
  ["export { a }\nconst b = 'b'", []],
  ["export const from = 'a'", []],
  ["const a = await import('a')", ['a']],
  ['const a = await import(`a`)', ['a']],
  ['const a = await import(`./a/${name}.ts`)', []],
  ["const a = await import(name + 'a')", []],
  ["type A = typeof import('a')", ['a']],
  ["const url = import.meta.resolve('a')", ['a']],
  ["const a = createRequire(import.meta.url), b = require('b')", ['b']],
  ["loader.import('a'); const entry = { import: 'b' }", []],
  ["// import 'a'\n/* import 'b' */\n/**\n * import 'c'\n */", []],
  ["const a = \"import 'a'\"; const b = `import 'b'`", []],
  ["const a = /['\"`]/; import 'b'", ['b']],
  ["const a = b / c; import 'd' // '", ['d']],
  ["const a = '.'\nimport 'a'; const b = [...require('b')]", ['a', 'b']],
  ["const a = `x ${b ? `y ${{ c: '}' }}` : ''} import 'z'`\nimport 'a'", ['a']],
])('%j names %j', (source, expected) => {
  expect(specifiers(source)).toEqual(expected)
})

test('the line is the one the module is named on', () => {
  expect(importSpecifiers("/*\n*/ const a = `\n`\nimport {\n  b,\n} from 'b'\nimport 'c'\n")).toEqual([
    { specifier: 'b', line: 6 },
    { specifier: 'c', line: 7 },
  ])
})
