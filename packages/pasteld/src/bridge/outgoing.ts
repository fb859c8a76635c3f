import {
  decodeSignature,
  MeshError,
  type PastelId,
  type Signer,
  signCallerText,
  verifySignature,
} from '@pastel-mesh/identity'
import { textOf } from '@pastel-mesh/protocol'
import type { CarriedMessage, HandOutcome } from '@pastel-mesh/sdk-node'
import { encodeEnvelope } from '../envelope/encode-envelope.ts'
import type { PasteldClient } from '../rpc/pasteld-client.ts'
import { PasteldError } from '../rpc/pasteld-error.ts'
import { liveSupernodesOf } from '../supernodes/live.ts'
import type { Supernode, SupernodeDirectory } from '../supernodes/supernode.ts'
import { identityProblem } from './identity-problem.ts'
import { SIGNATURE_HEADER } from './incoming.ts'
import { toMessageType, USER_MESSAGE_TYPE } from './message-type.ts'

export interface OutgoingComponents {
  readonly client: Pick<PasteldClient, 'sendMessage'>
  readonly directory: Pick<SupernodeDirectory, 'local' | 'supernodes'>
  readonly signer: Signer
  readonly onHanded: (outcome: 'handed' | 'unknown') => void
  readonly onFailed: (error: unknown) => void
}

/** Below what a node takes to stop. */
const SEND_TIMEOUT_MS = 10_000
/** Pauses after a failure, twice as long each time. */
const MIN_PAUSE_MS = 500
const MAX_PAUSE_MS = 60_000
/** Recipients of whom a failure is remembered. */
const MAX_FAILURES = 4_096

interface Pause {
  readonly ms: number
  readonly untilMs: number
}

/** Hands messages of this node to the core, each in an envelope, for supernodes that are not on the mesh. */
export class Outgoing {
  readonly #components: OutgoingComponents
  /** Of the core itself; it does not answer, or not now. */
  #pause: Pause | undefined
  /** Of recipients that the core does not take messages for. */
  readonly #pauses = new Map<PastelId, Pause>()

  constructor(components: OutgoingComponents) {
    this.#components = components
  }

  reaches(recipient: PastelId): boolean {
    if (isOn(this.#pause) || isOn(this.#pauses.get(recipient))) return false
    const { directory, signer } = this.#components
    const local = directory.local()
    return (
      recipient !== signer.pastelId &&
      local !== undefined &&
      identityProblem(local, signer.pastelId) === undefined &&
      this.#target(recipient) !== undefined
    )
  }

  /**
   * Texts and JSON: an envelope has nothing else. Not what begins as this protocol's own texts, which is signed for nobody,
   * nor what users entrusted to this node: the core would show it to all.
   */
  carries({ type, contentType, body }: CarriedMessage): boolean {
    if (contentType === 'bytes' || type === USER_MESSAGE_TYPE) return false
    try {
      return !textOf({ body }).startsWith('pastel-mesh/')
    } catch {
      return false
    }
  }

  async hand(
    message: CarriedMessage,
    { signal, begin }: { readonly signal: AbortSignal; readonly begin: () => Promise<void> },
  ): Promise<HandOutcome> {
    const { client, directory, signer, onHanded } = this.#components
    const { recipient } = message
    const local = directory.local()
    const target = this.#target(recipient)
    if (local === undefined || target === undefined) return 'not-now'
    if (identityProblem(local, signer.pastelId) !== undefined) return 'not-now'
    try {
      this.#assertOne(signer.pastelId)
      this.#assertOne(recipient)
      const text = await this.#envelope(message, local, signal)
      signal.throwIfAborted()
      await begin()
      // What is on its way ends by itself: given up, nobody could say what became of it.
      await client.sendMessage(target.publicKey, text, { timeoutMs: SEND_TIMEOUT_MS, waitForCore: false })
    } catch (error) {
      if (!(error instanceof PasteldError) || error.code !== 'ERR_PASTELD_UNCERTAIN') {
        if (!signal.aborted) this.#failed(recipient, error)
        return 'not-now'
      }
      this.#pause = longer(this.#pause)
      onHanded('unknown')
      return 'unknown'
    }
    this.#pause = undefined
    this.#pauses.delete(recipient)
    onHanded('handed')
    return 'handed'
  }

  /** The supernode of a PastelID, if messages can be sent to it. */
  #target(recipient: PastelId): Supernode | undefined {
    return liveSupernodesOf(recipient, this.#components.directory).find(({ publicKey }) => publicKey !== '')
  }

  /** @throws AmbiguousError: nobody can say whose supernode it is */
  #assertOne(pastelId: PastelId): void {
    const live = liveSupernodesOf(pastelId, this.#components.directory)
    if (live.length > 1) throw new AmbiguousError(pastelId, live)
  }

  async #envelope(message: CarriedMessage, local: Supernode, signal: AbortSignal): Promise<string> {
    const text = textOf(message)
    const given = message.headers[SIGNATURE_HEADER]
    const signature = (await this.#checked(given, text)) ?? (await this.#sign(text, signal))
    return encodeEnvelope({
      message: text,
      messageType: toMessageType(message),
      signature,
      publicKey: local.publicKey,
    })
  }

  /** A signature that its caller made already, if it is right. */
  async #checked(signature: string | undefined, text: string): Promise<Uint8Array | undefined> {
    if (signature === undefined) return undefined
    try {
      const bytes = decodeSignature(signature)
      const { publicKey } = this.#components.signer
      return (await verifySignature(publicKey, text, bytes)) ? bytes : undefined
    } catch (error) {
      if (error instanceof MeshError && error.code === 'ERR_SIGNATURE_ENGINE') throw error
      return undefined
    }
  }

  #sign(text: string, signal: AbortSignal): Promise<Uint8Array> {
    return signCallerText(this.#components.signer, text, { signal })
  }

  #failed(recipient: PastelId, error: unknown): void {
    // The core's own word is about the message or its recipient; all else is about the core.
    if (
      error instanceof AmbiguousError ||
      (error instanceof PasteldError && error.code === 'ERR_PASTELD_RPC')
    ) {
      const pause = longer(this.#pauses.get(recipient))
      this.#pauses.delete(recipient)
      this.#pauses.set(recipient, pause)
      if (this.#pauses.size > MAX_FAILURES) this.#pauses.delete(this.#pauses.keys().next().value as PastelId)
    } else this.#pause = longer(this.#pause)
    this.#components.onFailed(error)
  }
}

class AmbiguousError extends Error {
  constructor(pastelId: PastelId, supernodes: readonly Supernode[]) {
    const outpoints = supernodes.slice(0, 4).map(({ outpoint }) => outpoint)
    super(
      `${supernodes.length} supernodes have registered the PastelID ${pastelId} (${outpoints.join(', ')}): ` +
        'nothing goes to it, or from it, through the core until one alone has it',
    )
  }
}

function isOn(pause: Pause | undefined): boolean {
  return pause !== undefined && pause.untilMs > performance.now()
}

function longer(pause: Pause | undefined): Pause {
  const ms = Math.min(MAX_PAUSE_MS, pause === undefined ? MIN_PAUSE_MS : pause.ms * 2)
  return { ms, untilMs: performance.now() + ms }
}
