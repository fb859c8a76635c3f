/**
 * Levels of objects and arrays in the JSON of a request: superjson and the checks of inputs go through it recursively.
 * An input of this API has eight; the rest is for what messages and jobs carry.
 */
const MAX_DEPTH = 32
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Whether a JSON text is deeper than requests may be; looks at each character once, before anything parses it. */
export function isTooDeep(text: string): boolean {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at)
    if (isInString) {
      if (character === BACKSLASH) at += 1
      else if (character === QUOTE) isInString = false
    } else if (character === QUOTE) isInString = true
    else if (character === 0x5b || character === 0x7b) {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (character === 0x5d || character === 0x7d) depth -= 1
  }
  return false
}
