import { readEnvFile, wrongLineWarnings } from './env-file.ts'

/** Where the passphrases of keys come from: read by whoever opens the key. */
export const PASSPHRASE_VARIABLES: readonly string[] = [
  'PMESH_PASSPHRASE',
  'PMESH_PASSPHRASE_FILE',
  'PMESH_NEW_PASSPHRASE',
  'PMESH_NEW_PASSPHRASE_FILE',
]

/**
 * Puts the passphrases of a folder's `.env` into the environment of the process, where it has none. With either
 * form of one set, neither is taken: a passphrase and a file with another would contradict each other.
 * @returns what is to be said of lines of the file that say nothing: one of them may have been meant for a passphrase
 * @throws MeshError ERR_CONFIG if the file cannot be read
 */
export function adoptPassphrases(folder: string): string[] {
  const envFile = readEnvFile(folder)
  const variables = envFile?.variables ?? {}
  for (const names of [PASSPHRASE_VARIABLES.slice(0, 2), PASSPHRASE_VARIABLES.slice(2)]) {
    if (names.some((name) => process.env[name] !== undefined)) continue
    for (const name of names) {
      const value = variables[name]
      if (value !== undefined) process.env[name] = value
    }
  }
  return wrongLineWarnings(envFile)
}
