import { readEnvFile } from './config/env-file.ts'
import { DEFAULT_DATA_DIR } from './data-folder.ts'

/** The data folder that the file `.env` of the current directory names; else `./.pmesh`. */
export function defaultDataDir(): string {
  try {
    return readEnvFile(process.cwd())?.variables.PMESH_DATA || DEFAULT_DATA_DIR
  } catch {
    // The help is shown all the same, and a start says what is wrong.
    return DEFAULT_DATA_DIR
  }
}
