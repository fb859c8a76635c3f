/** Methods of the wallet, all of whose parameters may be secret. */
const SECRET_METHODS = new Set([
  'encryptwallet',
  'importprivkey',
  'signrawtransaction',
  'walletpassphrase',
  'walletpassphrasechange',
  'z_importkey',
])
/** Sub-commands of `pastelid`, and which of their parameters is a passphrase; of those not listed any may be one. */
const PASSPHRASE_AT: Readonly<Record<string, number | undefined>> = {
  sign: 3,
  'sign-base64-encoded': 3,
  verify: undefined,
  'verify-base64-encoded': undefined,
  list: undefined,
}
/** Longest text of the core that is shown: enough for what went wrong, and not for the help of a command. */
const MAX_SHOWN = 500
const HIDDEN = '(not shown: it repeats what is secret)'
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g

/**
 * What the core said of a call, as it may be shown: in one line, and nothing of it where it repeats a parameter that
 * may be secret. If that were only replaced, a short one could be guessed from the gaps.
 */
export function showableMessage(message: string, method: string, params: readonly unknown[]): string {
  const isRepeated = secretsOf(method, params).some(
    (secret) => message.includes(secret) || message.includes(JSON.stringify(secret).slice(1, -1)),
  )
  return isRepeated ? HIDDEN : message.slice(0, MAX_SHOWN).replace(CONTROL, ' ').trim()
}

function secretsOf(method: string, params: readonly unknown[]): string[] {
  return candidates(method, params).filter((param) => typeof param === 'string' && param !== '') as string[]
}

function candidates(method: string, params: readonly unknown[]): readonly unknown[] {
  if (SECRET_METHODS.has(method)) return params
  if (method !== 'pastelid') return []
  const [command] = params
  if (typeof command !== 'string' || !Object.hasOwn(PASSPHRASE_AT, command)) return params.slice(1)
  const at = PASSPHRASE_AT[command]
  return at === undefined ? [] : [params[at]]
}
