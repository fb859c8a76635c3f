import { createPasteldClient, findPasteldConfig, type PasteldClient } from '@pastel-mesh/pasteld'
import type { CheckedPasteld } from '../config/checked-pasteld.ts'
import { findPassphrase } from '../passphrase.ts'

/** What is needed to find the core. */
export type CorePlace = Pick<CheckedPasteld, 'conf' | 'url' | 'user' | 'passwordFile' | 'concurrency'>

/** A client of the core, which need not be there yet. */
export interface OpenCore {
  readonly client: PasteldClient
  /** What an operator should mend. */
  readonly warnings: readonly string[]
}

/**
 * Finds out how the core is asked.
 * @throws MeshError ERR_PASTELD_CONFIG; ERR_PASSPHRASE_FILE, ERR_PASSPHRASE_EMPTY: of the file with the password
 */
export async function openCore({ conf, url, user, passwordFile, concurrency }: CorePlace): Promise<OpenCore> {
  const password =
    passwordFile === undefined
      ? undefined
      : await findPassphrase('the RPC of the Pastel core', { file: passwordFile })
  const { warnings, ...found } = await findPasteldConfig({
    ...(conf === undefined ? {} : { conf }),
    ...(url === undefined ? {} : { url }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: password.text }),
  })
  const { url: at, user: as, password: secret, cookieFile } = found
  const client = createPasteldClient({
    url: at,
    ...(as === undefined ? {} : { user: as }),
    ...(secret === undefined ? {} : { password: secret }),
    ...(cookieFile === undefined ? {} : { cookieFile }),
    concurrency,
  })
  return { client, warnings }
}
