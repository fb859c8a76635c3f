import { MeshError } from '@pastel-mesh/identity'
import type { LoginTerms } from './login-text.ts'

/** Nothing happens on a chain: the message has to name one, and this is every wallet's. */
const CHAIN_ID = 1
const STATEMENT = 'Log in to a node of Pastel Mesh.'
const SIGNATURE = /^0x[0-9a-f]{130}$/i

/** The checks of wallets. They take half a second to load, and most servers need none. */
export type Wallets = Awaited<ReturnType<typeof loadWallets>>

export async function loadWallets() {
  const [{ createSiweMessage }, { getAddress, isAddress, recoverMessageAddress }] = await Promise.all([
    import('viem/siwe'),
    import('viem/utils'),
  ])
  return {
    /**
     * What a wallet signs to log in: a message of EIP-4361, which wallets show as what it is.
     * @throws MeshError ERR_HOST
     */
    text(address: string, { domain, uri, node, nonce, issuedAt, expiresAt }: LoginTerms): string {
      try {
        return createSiweMessage({
          address: getAddress(address),
          domain,
          uri,
          nonce,
          issuedAt,
          expirationTime: expiresAt,
          requestId: node,
          statement: STATEMENT,
          version: '1',
          chainId: CHAIN_ID,
        })
      } catch (cause) {
        throw new MeshError(
          'ERR_HOST',
          `wallets sign for a domain name, an IPv4 address or localhost, not for ${domain}: reach the server by one`,
          { cause },
        )
      }
    },

    /** With its checksum, as it is shown. */
    checksummed: (address: string): string => getAddress(address),

    isChecksummed: (address: string): boolean => isAddress(address),

    /**
     * Whether the key of the address signed just this text, so the domain, uri, chain, nonce and times that are in it.
     * Contracts that are wallets have no key, and cannot log in.
     */
    async verify(address: string, text: string, signature: string): Promise<boolean> {
      if (!SIGNATURE.test(signature)) return false
      try {
        const signer = await recoverMessageAddress({ message: text, signature: signature as `0x${string}` })
        return signer.toLowerCase() === address
      } catch {
        // No point of the curve, or a recovery id that is none.
        return false
      }
    },
  }
}
