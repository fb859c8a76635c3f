import {
  decodePastelId,
  encodeSignature,
  MeshError,
  type PastelId,
  signCallerText,
  verifySignature,
} from '@pastel-mesh/identity'
import type { Supernode } from '@pastel-mesh/pasteld'
import { type MeshNode, PartlySentError, type Sent } from '@pastel-mesh/sdk-node'
import type { PassphraseChecks } from './passphrase-checks.ts'
import type { PastelComponents } from './pastel-components.ts'
import { envelopeText, toMeshMessage } from './pastel-message.ts'
import { PastelRefusal } from './pastel-refusal.ts'
import { isListed } from './supernode-table.ts'

/** A message to sign and send. */
export interface Outgoing {
  readonly message: string
  readonly message_type: string
  readonly pastelid_passphrase: string
}

export interface SendMessagesComponents extends PastelComponents {
  readonly node: MeshNode
  /** Wrong passphrases: a program that guesses them is slowed down. */
  readonly checks: PassphraseChecks
}

/** The core's signer takes half a second at most; a passphrase of a key file, a second on a busy machine. */
const SIGN_TIMEOUT_MS = 20_000
/** Of key files, and of the core. */
const WRONG_PASSPHRASE: ReadonlySet<string> = new Set(['ERR_KEY_FILE_PASSPHRASE', 'ERR_PASTELD_PASSPHRASE'])
/** Names of recipients in one message. */
const MAX_NAMED = 5

/** Sends what programs of this machine hand in, signed by the node's PastelID, to supernodes. */
export class SendMessages {
  readonly #components: SendMessagesComponents

  constructor(components: SendMessagesComponents) {
    this.#components = components
  }

  /**
   * To all of some, or to none: each has to be a supernode of the list and a member, and the passphrase right, before
   * anything is stored.
   * @param verb as the Python layer says it
   * @throws PastelRefusal 404, 503; MeshError
   */
  async toSome(outgoing: Outgoing, recipients: readonly PastelId[], verb: string, signal: AbortSignal) {
    const names = [...new Set(recipients)]
    const unknown = names.filter((name) => !this.#isReachable(name))
    if (unknown.length > 0) {
      const more = unknown.length > MAX_NAMED ? `, and ${unknown.length - MAX_NAMED} more` : ''
      throw new PastelRefusal(
        404,
        `no enabled supernode that is a member has the PastelID ${unknown.slice(0, MAX_NAMED).join(', ')}${more}: nothing was sent`,
      )
    }
    return this.#send(outgoing, names, verb, [], signal)
  }

  /** To all others of the list that are members; those that are none are named in the answer. */
  async toAll(outgoing: Outgoing, verb: string, signal: AbortSignal) {
    const { directory, node } = this.#components
    const others = directory
      .supernodes()
      .flatMap((one) => (isListed(one) && one.pastelId !== undefined ? [one.pastelId] : []))
      .filter((name) => name !== node.pastelId)
    const names = [...new Set(others)]
    const reachable = names.filter((name) => this.#isMember(name))
    if (reachable.length === 0) throw new PastelRefusal(503, 'no other supernode of the list is a member')
    return this.#send(
      outgoing,
      reachable,
      verb,
      names.filter((name) => !this.#isMember(name)),
      signal,
    )
  }

  async #send(
    { message, message_type, pastelid_passphrase }: Outgoing,
    names: readonly PastelId[],
    verb: string,
    left: readonly PastelId[],
    signal: AbortSignal,
  ) {
    const { node, directory } = this.#components
    const signature = await this.#sign(message, pastelid_passphrase, signal)
    const input = toMeshMessage(message, message_type, signature)
    const notMembers = left.map((pastelid) => ({ pastelid, status: 'not-a-member' as const }))
    try {
      const sent = await node.send(names, input)
      const own = directory.byPastelId(node.pastelId)
      const envelope = envelopeText(message, message_type, encodeSignature(signature), own?.publicKey ?? '')
      return {
        status: 'success' as const,
        message: `Message ${verb}: ${envelope}`,
        recipients: [...sent.map(toRecipient), ...notMembers],
      }
    } catch (error) {
      if (!(error instanceof PartlySentError)) throw error
      // Whoever just sends it again sends a part twice.
      const accepted = new Set(error.sent.map(({ recipient }) => recipient))
      const others = names
        .filter((name) => !accepted.has(name))
        .map((pastelid) => ({ pastelid, status: 'failed' as const }))
      throw new PastelRefusal(503, error.message, {
        more: { recipients: [...error.sent.map(toRecipient), ...others, ...notMembers] },
      })
    }
  }

  /** @throws MeshError ERR_LOGIN: the passphrase is wrong; ERR_SIGNATURE_TEXT_RESERVED; RateLimitError; as the signer */
  async #sign(text: string, passphrase: string, gone: AbortSignal): Promise<Uint8Array> {
    const { node, sign, checks, directory } = this.#components
    const { pastelId } = node
    const publicKey = decodePastelId(pastelId)
    // It begins with what is for the protocol alone: nobody's passphrase is needed to say so.
    const signer = {
      pastelId,
      publicKey,
      sign: (accepted: string) =>
        checks.run(passphrase, gone, async () => {
          // Not while it waits for others.
          const signal = AbortSignal.any([gone, AbortSignal.timeout(SIGN_TIMEOUT_MS)])
          try {
            return await sign(accepted, passphrase, { signal })
          } catch (cause) {
            const { code = 'ERR_SIGNER', message } = cause as { code?: string; message: string }
            if (signal.aborted) {
              const why = cause === signal.reason ? directory.problem?.message : message
              const told = why === undefined || why.includes(passphrase) ? '' : `: ${why}`
              throw new MeshError('ERR_SIGNER_TIMEOUT', `the message could not be signed in time${told}`)
            }
            if (WRONG_PASSPHRASE.has(code))
              throw new MeshError('ERR_LOGIN', `the passphrase does not open the key of ${pastelId}`)
            // Whoever made the error may not have known what it holds.
            throw message.includes(passphrase)
              ? new MeshError(code, `the message could not be signed: ${code}`)
              : cause
          }
        }),
    }
    const signature = await signCallerText(signer, text)
    if (await verifySignature(publicKey, text, signature)) return signature
    throw new MeshError('ERR_SIGNATURE_ENGINE', `what was signed was not signed by ${pastelId}`)
  }

  #isReachable(name: PastelId): boolean {
    const supernode: Supernode | undefined = this.#components.directory.byPastelId(name)
    return supernode !== undefined && isListed(supernode) && this.#isMember(name)
  }

  #isMember(name: PastelId): boolean {
    return this.#components.node.registry.memberAt(name, Date.now()) !== undefined
  }
}

function toRecipient({ recipient, id, state }: Sent) {
  return { pastelid: recipient, id, status: state }
}
