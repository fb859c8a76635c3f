import { MeshError } from '@pastel-mesh/identity'

/**
 * The bytes alone prove that something is wrong: malformed, out of bounds, not canonical, badly signed.
 * Whoever relayed it can be held to account.
 */
export class ProtocolError extends MeshError {}
