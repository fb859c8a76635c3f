import { type KeyObject, sign as signBytes, verify as verifyBytes } from 'node:crypto'
import { decodePastelId, ED448_SIGNATURE_BYTES, isPastelId, publicKeyObject } from '@pastel-mesh/identity'
import { RPC_INVALID_PARAMETER, RPC_MISC_ERROR, RpcError } from '../rpc-error.ts'
import { type Method, type MethodContext, textAt } from './method.ts'

export const pastelIdMethods: Readonly<Record<string, Method>> = {
  'pastelid list': (_params, { keys }) => keys.list(),
  'pastelid sign': sign((text) => Buffer.from(text)),
  'pastelid sign-base64-encoded': sign(decodeBase64),
  'pastelid verify': verify((text) => Buffer.from(text)),
  'pastelid verify-base64-encoded': verify(decodeBase64),
  pastelid: () => {
    const usage = 'pastelid "command"...\nSet of commands to deal with PastelID and related actions\n'
    throw new RpcError(RPC_MISC_ERROR, usage)
  },
}

type Read = (text: string) => Buffer

function sign(read: Read): Method {
  return async (params, { keys }) => {
    if (params.length < 4) {
      const usage = 'pastelid sign "text" "PastelID" "passphrase" ("algorithm")\n'
      throw new RpcError(RPC_INVALID_PARAMETER, usage)
    }
    const bytes = read(textAt(params, 1))
    const passphrase = textAt(params, 3)
    if (passphrase === '') {
      throw new RpcError(RPC_MISC_ERROR, 'passphrase for the private key cannot be empty!')
    }
    checkAlgorithm(params)
    const key = await openKey(keys, textAt(params, 2), passphrase)
    return { signature: signBytes(null, bytes, key).toString('base64') }
  }
}

function verify(read: Read): Method {
  return (params) => {
    if (params.length < 4) {
      const usage = 'pastelid verify "text" "signature" "PastelID" ("algorithm")\n'
      throw new RpcError(RPC_INVALID_PARAMETER, usage)
    }
    const bytes = read(textAt(params, 1))
    checkAlgorithm(params)
    const signature = decodeBase64(textAt(params, 2))
    return { verification: isSigned(bytes, signature, textAt(params, 3)) ? 'OK' : 'Failed' }
  }
}

async function openKey(
  keys: MethodContext['keys'],
  pastelId: string,
  passphrase: string,
): Promise<KeyObject> {
  const key = await keys.open(pastelId, passphrase)
  if (key === 'unknown') throw new RpcError(RPC_MISC_ERROR, 'Failed to access Pastel secure container')
  if (key === 'wrong-passphrase') throw new RpcError(RPC_MISC_ERROR, 'Failed to validate passphrase!')
  return key
}

/** @returns false also of what is no PastelID */
function isSigned(bytes: Buffer, signature: Buffer, pastelId: string): boolean {
  if (!isPastelId(pastelId) || signature.length !== ED448_SIGNATURE_BYTES) return false
  return verifyBytes(null, bytes, publicKeyObject(decodePastelId(pastelId)), signature)
}

function checkAlgorithm(params: readonly unknown[]): void {
  const algorithm = params[4] === undefined ? '' : textAt(params, 4)
  if (algorithm === '' || algorithm === 'ed448') return
  throw new RpcError(RPC_MISC_ERROR, `Signing algorithm '${algorithm}' is not supported`)
}

/** As the core does: up to the first character that is none, and nothing is said of it. */
function decodeBase64(text: string): Buffer {
  return Buffer.from(/^[A-Za-z0-9+/]*/.exec(text)?.[0] ?? '', 'base64')
}
