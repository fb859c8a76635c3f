import { MeshError, type MeshErrorOptions } from '@pastel-mesh/identity'

/** The settings of the core were not found, or are wrong: ERR_PASTELD_CONFIG. Never quotes what may be a password. */
export class PasteldConfigError extends MeshError {
  constructor(message: string, options: MeshErrorOptions = {}) {
    super('ERR_PASTELD_CONFIG', message, options)
  }
}
