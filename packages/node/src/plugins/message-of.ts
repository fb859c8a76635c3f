/** Characters of an error that are kept and shown: what others wrote may be in it. */
const MAX_LENGTH = 2_000

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  try {
    const message = error instanceof Error ? String(error.message) : String(error)
    return message.length <= MAX_LENGTH ? message : `${message.slice(0, MAX_LENGTH)}…`
  } catch {
    return 'something was thrown that is no error, and no text'
  }
}

/** Where an error was thrown, and from where: tells errors apart whose messages differ each time. */
export function placeOf(error: unknown): string {
  const stack = error instanceof Error ? error.stack : undefined
  if (typeof stack !== 'string') return ''
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return frames.slice(0, 3).join('').slice(0, MAX_LENGTH)
}
