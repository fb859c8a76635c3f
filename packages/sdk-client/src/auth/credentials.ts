/** What goes into the header `authorization`. */
export interface Credentials {
  /**
   * Logs in first, if that is needed.
   * @returns undefined: nothing
   * @throws PastelMeshError
   */
  authorization(signal?: AbortSignal): Promise<string | undefined>
  /**
   * What was shown is no longer good.
   * @param shown another than the newest: it has been renewed already
   * @returns whether there is another to show
   * @throws PastelMeshError
   */
  renew(shown: string | undefined, signal?: AbortSignal): Promise<boolean>
}

/** One text, or none, for ever. */
export function fixedCredentials(authorization: string | undefined): Credentials {
  return { authorization: async () => authorization, renew: async () => false }
}
