/** Names under which something secret may stand. */
const SECRET = /secret|passw|passphrase|pwd|token|seed|mnemonic|private|key|signature|credential|auth|cookie/i
/** Not `ping`, not `shipping`. */
const PIN = /(^|[^A-Za-z])(pin|PIN)([^a-z]|$)|Pin([^a-z]|$)/
const HIDDEN = '***'

/** Whether what has this name is shown nowhere, for it may be secret. */
export function isSecretName(name: string): boolean {
  return SECRET.test(name) || PIN.test(name)
}

/** A text as it may be shown: if it is a URL, without the password of its server and what is secret in its query. */
export function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  const secrets = [...url.searchParams.keys()].filter(isSecretName)
  if (url.password === '' && secrets.length === 0) return text
  if (url.password !== '') url.password = HIDDEN
  for (const name of secrets) url.searchParams.set(name, HIDDEN)
  return url.href
}
