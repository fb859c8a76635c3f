export interface TableOptions {
  /** @default 'left' */
  readonly align?: 'left' | 'right'
}

/** Rows as aligned columns, two spaces apart. */
export function table(rows: readonly (readonly string[])[], { align = 'left' }: TableOptions = {}): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  }
  const pad = (cell: string, width = 0) => (align === 'left' ? cell.padEnd(width) : cell.padStart(width))
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
