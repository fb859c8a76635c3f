import type { IncomingMessage } from 'node:http'
import { addressBehind } from '@pastel-mesh/sdk-node'
import { callerAddress } from './caller-address.ts'

/** By what limits count the caller of a request, and what logs have of it. */
export type CallerOf = (request: IncomingMessage) => string

/** @param proxies as of {@link addressBehind} @throws MeshError ERR_PROXY */
export function callerBehind(proxies: readonly string[]): CallerOf {
  const addressOf = addressBehind(proxies)
  return (request) => callerAddress(addressOf(request))
}
