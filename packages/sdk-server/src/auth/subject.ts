import { isPastelId } from '@pastel-mesh/identity'

/** Who can prove that it is who it says. */
export interface Subject {
  readonly kind: 'pastelid' | 'wallet'
  /** The PastelID; or the address of the wallet, in lower case: equal wallets are equal texts. */
  readonly id: string
}

const ADDRESS = /^0x[0-9a-f]{40}$/i

/** Undefined: it is neither a PastelID nor the address of a wallet. */
export function readSubject(text: string): Subject | undefined {
  if (ADDRESS.test(text)) return { kind: 'wallet', id: text.toLowerCase() }
  return isPastelId(text) ? { kind: 'pastelid', id: text } : undefined
}
