import { ED448_SIGNATURE_BYTES } from './ed448.ts'
import { MeshError } from './mesh-error.ts'

/** The length of every signature text: 114 bytes are 38 groups of three, so there is no padding. */
export const SIGNATURE_TEXT_LENGTH = 152

const SIGNATURE_TEXT = /^[A-Za-z0-9+/]{152}$/

/**
 * The text form of a signature that Pastel uses: standard base64, 152 characters.
 *
 * @param signature 114 bytes
 * @throws {@link MeshError} `ERR_SIGNATURE_ENCODING`
 * @example
 * import { encodeSignature } from '@pastel-mesh/identity'
 *
 * console.log(encodeSignature(new Uint8Array(114)).length) // 152
 */
export function encodeSignature(signature: Uint8Array): string {
  if (signature.length !== ED448_SIGNATURE_BYTES) {
    throw new MeshError(
      'ERR_SIGNATURE_ENCODING',
      `an Ed448 signature has ${ED448_SIGNATURE_BYTES} bytes, this one has ${signature.length}`,
    )
  }
  return Buffer.from(signature).toString('base64')
}

/**
 * The 114 bytes of a signature text. Strict: one signature has one text. (Node and the Pastel core skip over
 * or stop at characters they do not know, so the shape is checked before they see the text.)
 *
 * @throws {@link MeshError} `ERR_SIGNATURE_ENCODING`
 * @example
 * import { decodeSignature } from '@pastel-mesh/identity'
 *
 * console.log(decodeSignature('A'.repeat(152)).length) // 114
 */
export function decodeSignature(text: string): Uint8Array {
  if (!SIGNATURE_TEXT.test(text)) {
    throw new MeshError(
      'ERR_SIGNATURE_ENCODING',
      `a signature text is ${SIGNATURE_TEXT_LENGTH} characters of standard base64 without padding or line ` +
        `breaks; this one has ${text.length} characters${text.length === SIGNATURE_TEXT_LENGTH ? ', some of them not base64' : ''}`,
    )
  }
  return new Uint8Array(Buffer.from(text, 'base64'))
}
