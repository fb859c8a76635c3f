import { PastelMeshError } from '../pastel-mesh-error.ts'
import type { LoginAuth } from './auth.ts'

export interface ExpectedLogin {
  readonly kind: LoginAuth['kind']
  readonly subject: string
  /** The address of the node, as it was given to the client. */
  readonly uri: string
  readonly nonce: string
}

/** What a text that logs somebody in begins with: no message, certificate or ticket of Pastel begins like that. */
const PASTEL_ID_DOMAIN = 'pastel-mesh/login/1'

/**
 * Signs nothing that merely came: a node that is not what it seems could ask for a signature under anything, or under
 * another node's challenge, to log in there as whoever signs.
 * @throws PastelMeshError ERR_CHALLENGE
 */
export function checkChallenge(text: string, expected: ExpectedLogin): void {
  const lines = text.split('\n')
  const wrong = expected.kind === 'pastelid' ? wrongInOwn(lines, expected) : wrongInEip4361(lines, expected)
  if (wrong === undefined) return
  throw new PastelMeshError({
    code: 'ERR_CHALLENGE',
    message: `the node asks to sign what is no login of ${expected.subject} at ${expected.uri}: ${wrong}; nothing was signed`,
  })
}

function wrongInOwn(lines: readonly string[], { subject, uri, nonce }: ExpectedLogin): string | undefined {
  const [domain = '', wants = '', ...fields] = lines
  if (domain !== PASTEL_ID_DOMAIN) return 'it does not begin like one'
  const begin = `${new URL(uri).host} wants ${subject} to log in to node `
  if (!wants.startsWith(begin) || !/^jX[0-9A-Za-z]+$/.test(wants.slice(begin.length))) {
    return 'it is for somebody or something else'
  }
  return wrongFields(fields, { 'uri: ': uri, 'nonce: ': nonce })
}

function wrongInEip4361(lines: readonly string[], expected: ExpectedLogin): string | undefined {
  const { subject, uri, nonce } = expected
  const [wants = '', address = '', ...fields] = lines
  if (wants !== `${new URL(uri).host} wants you to sign in with your Ethereum account:`) {
    return 'it is for something else'
  }
  // With or without the checksum that is in the case of its letters.
  if (address.toLowerCase() !== subject.toLowerCase()) return 'it is for another wallet'
  return wrongFields(fields, { 'URI: ': uri, 'Version: ': '1', 'Nonce: ': nonce })
}

/** Each field is there once, and says what it should. */
function wrongFields(lines: readonly string[], fields: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(fields)) {
    const found = lines.filter((line) => line.startsWith(name))
    if (found.length !== 1 || found[0] !== name + value) return `${name.trim()} is not ${value}`
  }
  return undefined
}
