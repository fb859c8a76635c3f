export type CsvCell = string | number

/** What a spreadsheet takes for the beginning of a formula, which it would carry out. */
const FORMULA = /^[=+\-@\t\r]/

/**
 * Rows as RFC 4180 has them. A text that a spreadsheet would take for a formula has an apostrophe before it, which
 * makes it a text there; numbers are left as they are.
 */
export function csv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(written).join(',')}\r\n`).join('')
}

function written(cell: CsvCell): string {
  if (typeof cell === 'number') return String(cell)
  const text = FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
