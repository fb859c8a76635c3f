import type { SupernodeDirectory } from '@pastel-mesh/pasteld'

/** What Pastel's own endpoints work with, beside the node. */
export interface PastelComponents {
  /** Started and stopped by its owner. */
  readonly directory: SupernodeDirectory
  /**
   * Signs a text as the node's PastelID, with the key that the passphrase opens; the server hands on nothing that begins
   * with `pastel-mesh/`.
   * @returns the Ed448 signature, 114 bytes
   * @throws MeshError ERR_KEY_FILE_PASSPHRASE, ERR_PASTELD_PASSPHRASE: it does not open the key; any other that says why there is no signature
   */
  sign(text: string, passphrase: string, options: { readonly signal?: AbortSignal }): Promise<Uint8Array>
}
