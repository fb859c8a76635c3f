import { expect, it } from 'vitest'
import { csv } from '../src/cli/csv.ts'

it('quotes what would end a cell, and doubles quotes within', () => {
  expect(
    csv([
      ['a', 'b,c', 'd"e', 'f\ng', ' h'],
      [1, '', 'i', 0, 'j'],
    ]),
  ).toBe('a,"b,c","d""e","f\ng"," h"\r\n1,,i,0,j\r\n')
})

it.each(['=HYPERLINK("http://example.com")', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])(
  'makes a text of the formula %j',
  (formula) => {
    const written = csv([[formula]]).slice(0, -2)
    expect(written.replace(/^"|"$/g, '').replaceAll('""', '"')).toBe(`'${formula}`)
  },
)

it('leaves numbers as they are', () => {
  expect(csv([[-1, 2.5]])).toBe('-1,2.5\r\n')
})
