import type { LoginAuth } from './auth.ts'

/** A wallet that signs messages as EIP-191 has it: an account of viem is one. */
export interface WalletSigner {
  /** `0x` and 40 hex digits. */
  readonly address: string
  /** @returns `0x` and hex */
  signMessage(message: { message: string }): Promise<string>
}

/**
 * Logs in with an Ethereum wallet.
 *
 * @example
 * createClient({ url, auth: walletAuth(privateKeyToAccount(key)) }) // viem/accounts
 *
 * @example
 * const [address] = await ethereum.request({ method: 'eth_requestAccounts' })
 * const signMessage = ({ message }) => ethereum.request({ method: 'personal_sign', params: [message, address] })
 * createClient({ url, auth: walletAuth({ address, signMessage }) })
 */
export function walletAuth(wallet: WalletSigner): LoginAuth {
  return {
    kind: 'wallet',
    subject: wallet.address,
    sign: (message) => wallet.signMessage({ message }),
  }
}
