import { printable } from '../output.ts'
import { paint, type Tone } from './paint.ts'

/** A text with a colour. */
export interface Painted {
  readonly text: string
  readonly tone: Tone
}

export type Cell = string | Painted

export interface ColumnsOptions {
  /** Columns, by number, that hold figures: aligned to the right. @default none */
  readonly right?: readonly number[]
  /** Characters that a line may have; the last column is cut. @default no end */
  readonly width?: number | undefined
  /** Before each line. @default '' */
  readonly indent?: string
}

const GAP = '  '
/** As much of the last column as is shown however narrow the terminal is. */
const MIN_LAST = 16

/** Rows as aligned columns, two spaces apart; whatever the cells hold does not steer the terminal. */
export function columns(
  rows: readonly (readonly Cell[])[],
  { right = [], width = Number.POSITIVE_INFINITY, indent = '' }: ColumnsOptions = {},
): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, lengthOf(textOf(cell)))
  }
  const lines = rows.map((row) => {
    const before = widths.slice(0, row.length - 1).reduce((sum, one) => sum + one + GAP.length, indent.length)
    const cells = row.map((cell, i) => {
      const isLast = i === row.length - 1
      const text = isLast ? cut(textOf(cell), Math.max(MIN_LAST, width - before)) : textOf(cell)
      const space = ' '.repeat(Math.max(0, (widths[i] ?? 0) - lengthOf(text)))
      const shown = typeof cell === 'string' ? text : paint(cell.tone, text)
      if (right.includes(i)) return space + shown
      return isLast ? shown : shown + space
    })
    return (indent + cells.join(GAP)).trimEnd()
  })
  return lines.join('\n')
}

/** A text of so many characters at most: `…` stands for the rest. */
export function cut(text: string, length: number): string {
  if (lengthOf(text) <= length) return text
  return `${[...text].slice(0, Math.max(0, length - 1)).join('')}…`
}

function textOf(cell: Cell): string {
  return printable(typeof cell === 'string' ? cell : cell.text)
}

function lengthOf(text: string): number {
  return [...text].length
}
