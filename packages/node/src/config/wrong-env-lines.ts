const ASSIGNMENT = /^(?:export\s+)?[^\s=]+\s*=\s*(.*)$/
const QUOTES = ['"', "'", '`']

/** Lines of a file `.env`, counted from 1, that set no variable and are no comment: the parser passes them over. */
export function wrongEnvLines(text: string): number[] {
  const lines = text.split('\n').map((line) => line.trim())
  const wrong: number[] = []
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (line === '' || line.startsWith('#')) continue
    const [, value] = ASSIGNMENT.exec(line) ?? []
    const end = value === undefined ? undefined : endOfValue(value, lines, index)
    if (end === undefined) wrong.push(index + 1)
    else index = end
  }
  return wrong
}

/** The line on which a value ends: a quoted one may go over several. @returns undefined if its quote is never closed */
function endOfValue(value: string, lines: readonly string[], begin: number): number | undefined {
  const quote = value.charAt(0)
  if (!QUOTES.includes(quote) || value.includes(quote, 1)) return begin
  const after = lines.findIndex((line, index) => index > begin && line.includes(quote))
  return after === -1 ? undefined : after
}
