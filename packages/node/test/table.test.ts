import { expect, it } from 'vitest'
import { table } from '../src/table.ts'

const ROWS = [
  ['node', 'stored', 'by'],
  ['1', '12000', 'alice'],
  ['12', '5'],
]

it('a table has aligned columns, and no spaces at the ends of lines', () => {
  expect(table(ROWS)).toBe('node  stored  by\n1     12000   alice\n12    5')
})

it('a table of numbers is aligned to the right', () => {
  expect(table(ROWS, { align: 'right' })).toBe('node  stored     by\n   1   12000  alice\n  12       5')
})
