import { MeshError, type MeshErrorOptions } from '@pastel-mesh/identity'

/**
 * Why a text of the core's message list is no envelope, or not of whom it says:
 *
 * - `ERR_ENVELOPE_FEE`: one of the core's own messages about fees; there is nothing wrong with it.
 * - `ERR_ENVELOPE_BASE64`: not base64 in its one form.
 * - `ERR_ENVELOPE_ZSTD`: not one whole zstd frame.
 * - `ERR_ENVELOPE_TOO_LARGE`: more than is read, sent, or carried on.
 * - `ERR_ENVELOPE_JSON`: what the frame holds is no JSON object in UTF-8.
 * - `ERR_ENVELOPE_KEY`: one of the four keys is missing, or has another kind of value.
 * - `ERR_ENVELOPE_SIGNATURE`: the signature is not 152 characters of base64.
 * - `ERR_ENVELOPE_SENDER`: the list does not say enough of the sender; a later one may.
 * - `ERR_ENVELOPE_PUBLIC_KEY`: the envelope names another masternode than the one it came from.
 * - `ERR_ENVELOPE_FORGED`: the sender's PastelID did not sign the message.
 */
export type EnvelopeErrorCode =
  | 'ERR_ENVELOPE_FEE'
  | 'ERR_ENVELOPE_BASE64'
  | 'ERR_ENVELOPE_ZSTD'
  | 'ERR_ENVELOPE_TOO_LARGE'
  | 'ERR_ENVELOPE_JSON'
  | 'ERR_ENVELOPE_KEY'
  | 'ERR_ENVELOPE_SIGNATURE'
  | 'ERR_ENVELOPE_SENDER'
  | 'ERR_ENVELOPE_PUBLIC_KEY'
  | 'ERR_ENVELOPE_FORGED'

/** What is wrong with one envelope; see {@link EnvelopeErrorCode}. */
export class EnvelopeError extends MeshError {
  declare readonly code: EnvelopeErrorCode

  constructor(code: EnvelopeErrorCode, message: string, options?: MeshErrorOptions) {
    super(code, message, options)
  }
}
