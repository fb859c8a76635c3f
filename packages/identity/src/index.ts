export { signCallerText } from './caller-text.ts'
export { type DurableFileOptions, syncFolder, writeDurableFile } from './durable-file.ts'
export {
  ED448_PUBLIC_KEY_BYTES,
  ED448_SEED_BYTES,
  ED448_SIGNATURE_BYTES,
  privateKeyObject,
  publicKeyFromSeed,
  publicKeyObject,
  verifySignature,
} from './ed448.ts'
export { explainFileError } from './explain-file-error.ts'
export {
  type OpenKeyFile,
  openKeyFile,
  readKeyFile,
  type SaveKeyFileOptions,
  type WriteKeyFileOptions,
  writeKeyFile,
} from './key-file.ts'
export { makeFolder } from './make-folder.ts'
export { MeshError, type MeshErrorOptions } from './mesh-error.ts'
export {
  decodePastelId,
  encodePastelId,
  isPastelId,
  PASTEL_ID_LENGTH,
  type PastelId,
  parsePastelId,
} from './pastel-id.ts'
export { PastelIdRanking } from './pastel-id-ranking.ts'
export { isSecretName, withoutPassword } from './secret-name.ts'
export { decodeSignature, encodeSignature, SIGNATURE_TEXT_LENGTH } from './signature-text.ts'
export { createLocalSigner, generateSeed, type Signer, type SignOptions } from './signer.ts'
