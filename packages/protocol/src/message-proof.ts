import { encodePastelId, type PastelId, verifySignature } from '@pastel-mesh/identity'
import { openBatch, type SignedBatch } from './batch.ts'
import { ENCODING_SEALED } from './batch-fields.ts'
import { equalBytes } from './bytes.ts'
import { ProtocolError } from './errors.ts'
import { ZERO_HASH } from './hash.ts'
import { parseMessageId } from './log-id.ts'
import type { MessageContent } from './message.ts'
import { openPayload } from './payload.ts'
import { signedText } from './signed-text.ts'

/** What a check is about. */
export type ProofCheckName = 'encoding' | 'signature' | 'messages' | 'position' | 'predecessor'

/** One thing that was checked. */
export interface ProofCheck {
  readonly name: ProofCheckName
  /** `open`: there was nothing to check it with. */
  readonly result: 'ok' | 'failed' | 'open'
  /** What was found, in words. */
  readonly detail: string
}

/** What a signed batch proves. */
export interface ProofReport {
  /** No check failed: the sender signed these very bytes. */
  readonly isValid: boolean
  readonly checks: readonly ProofCheck[]
  /** Absent: the bytes are no batch. */
  readonly signed?: SignedBatch
  readonly sender?: PastelId
  /** Those of the batch, in order; absent: they cannot be read. */
  readonly messages?: readonly MessageContent[]
}

export interface ProofExpectation {
  /** The message that the batch is to hold. @throws ProtocolError ERR_MESSAGE_ID if it is no id */
  readonly messageId?: string
  /** The envelope of the batch before it. */
  readonly predecessor?: Uint8Array
  /** Of a batch to an inbox: what opens it, 64 bytes. Without it its messages are not checked. */
  readonly secret?: Uint8Array
}

/**
 * Checks a signed batch as somebody who trusts nobody: canonical encoding, the Ed448 signature of the sender's
 * PastelID over the whole batch, its messages, the position of the message that it is to hold, and the hash that links it
 * to the batch before it.
 *
 * @param envelope signature ‖ batch bytes, from anywhere
 * @throws ProtocolError ERR_MESSAGE_ID; MeshError ERR_SIGNATURE_ENGINE
 * @example
 * const { isValid, sender } = await checkProof(await readFile('message.proof'), { messageId })
 */
export async function checkProof(
  envelope: Uint8Array,
  { messageId, predecessor, secret }: ProofExpectation = {},
): Promise<ProofReport> {
  const expected = messageId === undefined ? undefined : parseMessageId(messageId)
  const signed = attempt(() => openBatch(envelope))
  if (signed instanceof ProtocolError) {
    return { isValid: false, checks: [{ name: 'encoding', result: 'failed', detail: signed.message }] }
  }
  const { batch } = signed
  const isSigned = await verifySignature(batch.sender, signedText('batch', signed.hash), signed.signature)
  const messages = readMessages(signed, secret)
  const checks: ProofCheck[] = [
    { name: 'encoding', result: 'ok', detail: `canonical, ${envelope.length} bytes` },
    isSigned
      ? { name: 'signature', result: 'ok', detail: 'Ed448, by the PastelID, over the whole batch' }
      : { name: 'signature', result: 'failed', detail: 'the PastelID did not sign these bytes' },
    messages.check,
    ...(expected === undefined ? [] : [checkPosition(signed, expected)]),
    checkPredecessor(signed, predecessor),
  ]
  return {
    isValid: checks.every(({ result }) => result !== 'failed'),
    checks,
    signed,
    sender: encodePastelId(batch.sender),
    ...(messages.read === undefined ? {} : { messages: messages.read }),
  }
}

function readMessages(
  signed: SignedBatch,
  secret: Uint8Array | undefined,
): { check: ProofCheck; read?: readonly MessageContent[] } {
  const { batch } = signed
  const name = 'messages'
  // What goes to an inbox is for its two ends to open.
  if (batch.encoding === ENCODING_SEALED && secret === undefined) {
    return {
      check: { name, result: 'open', detail: 'sealed: only its sender and its recipient have what opens it' },
    }
  }
  const read = attempt(() => openPayload(batch, secret))
  if (read instanceof ProtocolError) return { check: { name, result: 'failed', detail: read.message } }
  return { check: { name, result: 'ok', detail: `${read.length}, as many as it says` }, read }
}

function checkPosition(
  signed: SignedBatch,
  { log, position }: ReturnType<typeof parseMessageId>,
): ProofCheck {
  const { first, count } = signed.batch
  const last = first + count - 1
  const name = 'position'
  if (signed.log !== log) {
    return { name, result: 'failed', detail: `it is a batch of the log ${signed.log}, not of ${log}` }
  }
  const isInside = position >= first && position <= last
  const range = `the batch has the positions ${first} to ${last}`
  return isInside
    ? { name, result: 'ok', detail: `${position}: ${range}` }
    : { name, result: 'failed', detail: `${position} is not in it: ${range}` }
}

function checkPredecessor({ batch }: SignedBatch, envelope: Uint8Array | undefined): ProofCheck {
  const name = 'predecessor'
  if (equalBytes(batch.previous, ZERO_HASH)) {
    return { name, result: 'ok', detail: 'none: it is the first that its sender wrote there' }
  }
  const hash = Buffer.from(batch.previous).toString('hex')
  if (envelope === undefined) return { name, result: 'open', detail: `not at hand: it names ${hash}` }
  const before = attempt(() => openBatch(envelope))
  if (before instanceof ProtocolError) return { name, result: 'failed', detail: before.message }
  const problem = findLinkProblem(batch, before)
  return problem === undefined
    ? { name, result: 'ok', detail: hash }
    : { name, result: 'failed', detail: problem }
}

/** The hash alone would do; the rest says more of what is wrong. */
function findLinkProblem(batch: SignedBatch['batch'], before: SignedBatch): string | undefined {
  const { batch: earlier } = before
  if (!equalBytes(batch.previous, before.hash)) {
    return `it names another one than the one that is there, ${Buffer.from(before.hash).toString('hex')}`
  }
  if (!equalBytes(batch.sender, earlier.sender) || batch.channel !== earlier.channel) {
    return 'the one that it names is of another sender or channel'
  }
  const run = batch.follows?.run ?? batch.run
  const last = batch.follows?.head ?? batch.first - 1
  if (!equalBytes(earlier.run, run) || earlier.first + earlier.count - 1 !== last) {
    return 'the one that it names does not end where it begins'
  }
  return batch.createdAtMs < earlier.createdAtMs ? 'it is older than the one that it names' : undefined
}

function attempt<T>(read: () => T): T | ProtocolError {
  try {
    return read()
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
}
