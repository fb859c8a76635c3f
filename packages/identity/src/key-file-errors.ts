import { MeshError } from './mesh-error.ts'

/** What was read is no key file, and never was one. */
export function foreign(path: string, reason: string): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_FOREIGN',
    `${path} is not a key file of Pastel: ${reason}: name the file that the Pastel core keeps in its folder pastelkeys`,
  )
}

/** What was read cannot be what was written. */
export function damaged(path: string, reason: string, cause?: unknown): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_DAMAGED',
    `the key file ${path} is damaged: ${reason}: restore it from a backup`,
    { cause },
  )
}

/** A key file under the name of another PastelID: which of the two is meant nobody can know. */
export function misnamed(path: string, pastelId: string): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_NAME',
    `the key file ${path} has the wrong name: it is called after one PastelID, and the key in it is that of another, ${pastelId}: call it by that`,
  )
}

/** A key file of an old version of the core. */
export function legacy(path: string): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_LEGACY',
    `${path} is a key file of an old Pastel core (an encrypted PKCS #8 key in PEM): have a current one rewrite it, ` +
      'by a change of its passphrase (pastel-cli pastelid passwd PASTELID OLD NEW), and use what it wrote',
  )
}

/** Nothing opened, and nothing shows that the passphrase is right. */
export function wrongPassphrase(path: string): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_PASSPHRASE',
    `the passphrase does not open the key file ${path} (if you are sure of it: a key file of the Pastel core whose ` +
      'encrypted part is damaged looks the same, and so does a damaged salt)',
  )
}

/** There is something at a path where a key file was to be made. */
export function alreadyThere(path: string, cause?: unknown): MeshError {
  return new MeshError(
    'ERR_KEY_FILE_EXISTS',
    `there is a file at ${path}, and replacing it could destroy an identity: choose another path, or move it away`,
    { cause },
  )
}
