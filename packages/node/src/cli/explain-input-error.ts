import { explainFileError } from '@pastel-mesh/identity'

/** Why a file that somebody named could not be read, and what to do about it; one line. */
export function explainInputError(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'there is no such file: check its name' : explainFileError(error)
}
