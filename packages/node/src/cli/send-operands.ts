import { isPastelId, MeshError } from '@pastel-mesh/identity'

interface SendOperands {
  /** Recipients, then the text; in any case as they were typed. */
  readonly operands: readonly string[]
  /** How many of them stood behind `--`. */
  readonly behind: number
  /** Recipients of `--to`. */
  readonly named: readonly string[]
  /** What `--text` says. */
  readonly flag?: string | undefined
}

/** As long as that nobody writes a word; a PastelID has 86 characters. */
const LONG = 60

/**
 * Tells recipients from the text: behind `--` is the text, and what is no PastelID is it as well.
 * @throws MeshError ERR_USAGE
 */
export function splitOperands({ operands, behind, named, flag }: SendOperands): {
  readonly to: readonly string[]
  readonly text?: string | undefined
} {
  const before = operands.slice(0, operands.length - behind)
  const last = before.at(-1)
  const isText = behind === 0 && flag === undefined && last !== undefined && !isPastelId(last)
  const texts = isText ? [last] : operands.slice(operands.length - behind)
  const to = [...new Set([...named, ...(isText ? before.slice(0, -1) : before)])]
  const wrong = to.find((name) => !isPastelId(name)) ?? (isText && isMeantAsPastelId(last) ? last : undefined)
  if (wrong !== undefined) throw usage(`"${wrong.slice(0, 100)}" is not a PastelID: ${howToSend(wrong)}`)
  if (texts.length + (flag === undefined ? 0 : 1) > 1) {
    throw usage('give one text, in quotes, and options before "--": what comes behind that is the text')
  }
  if (to.length === 0) throw usage('say to whom: a PastelID, or some, before the text; or --to PASTELID')
  return { to, text: flag ?? texts[0] }
}

function howToSend(wrong: string): string {
  return isMeantAsPastelId(wrong)
    ? 'a character of it is wrong or missing; as a text it goes with --text'
    : 'the recipients come first, then the text, in one argument'
}

/** A PastelID with a mistake must not be sent to another as the text. */
function isMeantAsPastelId(word: string): boolean {
  return word.length >= LONG && /^jX[1-9A-Za-z]+$/.test(word)
}

function usage(message: string): MeshError {
  return new MeshError('ERR_USAGE', message)
}
