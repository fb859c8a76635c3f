/** What a {@link MeshError} can carry besides its code and message. */
export interface MeshErrorOptions {
  /** The error that led to this one. */
  readonly cause?: unknown
  /** @default the code in lower case, `_` as `-`, without the leading `ERR_` */
  readonly docs?: string
}

/**
 * The base of every error that Pastel Mesh throws on purpose. Programs branch on `code`, which is stable
 * across versions; people read `message`, which is not.
 *
 * @example
 * import { MeshError } from '@pastel-mesh/identity'
 *
 * const error = new MeshError('ERR_PASTELID_CHECKSUM', 'The checksum does not match: type it again.')
 * console.log(error.code, error.docs) // ERR_PASTELID_CHECKSUM pastelid-checksum
 */
export class MeshError extends Error {
  /** Stable, upper case, like `ERR_PASTELID_CHECKSUM`. */
  readonly code: string
  /** The name of the page in the documentation that explains this error. */
  readonly docs: string

  constructor(code: string, message: string, options: MeshErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.docs = options.docs ?? code.replace(/^ERR_/, '').toLowerCase().replaceAll('_', '-')
  }
}
